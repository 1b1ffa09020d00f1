"""Text from a file inside of XML and HTML, where it means nothing but itself."""

from __future__ import annotations

import html
import unicodedata

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSAFE = ("Cc", "Cs", "Cn", "Co")


def escaped(text: object) -> str:
    r"""Escape a text for elements and for attributes in quotes.

    Characters that XML has no place for, and those that turn the direction of what follows, become
    a replacement character.

    >>> escaped('<b a="1">&\'')
    '&lt;b a=&quot;1&quot;&gt;&amp;&#x27;'
    """
    return html.escape("".join(map(_shown, str(text))), quote=True)


def _shown(letter: str) -> str:
    if letter in "\t\n":
        return letter
    unsafe = unicodedata.category(letter) in _UNSAFE or letter in _TURNING
    return "\N{REPLACEMENT CHARACTER}" if unsafe else letter
