"""Numbers with their nouns, as messages write them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "error"), counted(2140, "parameter")
    ('1 error', '2,140 parameters')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
