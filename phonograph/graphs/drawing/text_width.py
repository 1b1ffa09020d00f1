"""How wide a text is, without the font it will be shown in: never less than in common fonts."""

from __future__ import annotations

import unicodedata

_NARROW = frozenset("iIjlft.,:;'|!()[]{} ")
_WIDE = frozenset("mwMW@%&")
_MONO = 0.605


def text_width(text: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """Return a width in the unit of the size.

    Args:
        text: one line.
        size: of the font.
        mono: whether every letter is equally wide.
        bold: whether strokes are heavy.

    >>> text_width("il", 10) < text_width("MM", 10)
    True
    """
    ems = sum(_em(letter, mono=mono) for letter in text)
    return ems * size * (1.06 if bold else 1.0)


def cut_to(text: str, width: float, size: float, *, mono: bool = False, bold: bool = False) -> str:
    """Cut a text so that it is at most so wide, with an ellipsis where something is missing.

    >>> cut_to("a_rather_long_name", 60, 10)
    'a_rather_…'
    """
    if text_width(text, size, mono=mono, bold=bold) <= width:
        return text
    while text and text_width(f"{text}…", size, mono=mono, bold=bold) > width:
        text = text[:-1]
    return f"{text}…"


def _em(letter: str, *, mono: bool) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if mono:
        return _MONO
    if letter in _NARROW:
        return 0.36
    if letter in _WIDE:
        return 0.95
    return 0.7 if letter.isupper() else 0.61
