"""Bringing transcripts to the letters of an alphabet, without losing anything that is spoken."""

from __future__ import annotations

import unicodedata

PLAIN = {
    **dict.fromkeys("‘’‚‛ʼ′´`", "'"),  # noqa: RUF001
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),  # noqa: RUF001
}
"""Typographic marks and what a typewriter has for them."""

PARTING = "-/_"
"""Marks between words: a space is left in their place."""

SPOKEN = "%&@#*§‰"
"""Marks that are read aloud: dropping one would lose a word."""


def normalize(text: str, alphabet: str) -> str:
    """Write a text in the manner of an alphabet.

    Compatibility forms become plain ones (NFKC), letters take the alphabet's case if it has only
    one, curly quotes and long dashes become plain. Punctuation that is not in the alphabet is
    dropped (hyphen, slash and underscore leave a space), white space is one space. What remains
    outside the alphabet, such as digits or `ü` or `%`, stays: it is spoken, so it has to be
    spelt out or added to the alphabet.

    Args:
        text: any text.
        alphabet: the characters that may be written.

    >>> normalize("Twenty-one  “yes”, it\u2019s 5\u00a0%…", "abcdefghijklmnopqrstuvwxyz '")
    "twenty one yes it's 5 %"
    """
    plain = str.maketrans({mark: to for mark, to in PLAIN.items() if mark not in alphabet})
    # before and after: NFKC tears an acute into a space and an accent, and can make new quotes
    text = unicodedata.normalize("NFKC", text.translate(plain))
    text = unicodedata.normalize("NFKC", _in_case(text, alphabet)).translate(plain)
    kept = "".join(_kept(character, alphabet) for character in text)
    # dropping a mark can bring a letter and an accent together
    return " ".join(unicodedata.normalize("NFKC", kept).split())


def _in_case(text: str, alphabet: str) -> str:
    small, capital = alphabet != alphabet.upper(), alphabet != alphabet.lower()
    if small and not capital:
        return text.lower()
    return text.upper() if capital and not small else text


def _kept(character: str, alphabet: str) -> str:
    category = unicodedata.category(character)
    if character in alphabet or character in SPOKEN or category[0] not in "PC":
        return character
    if character in PARTING or character.isspace():
        return " "
    # Cn, Co, Cs are not known to be silent, so they stay and are reported
    return "" if category[0] == "P" or category in ("Cc", "Cf") else character
