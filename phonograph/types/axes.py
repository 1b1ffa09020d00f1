"""The legend of axes: one letter, one role, in port declarations and in shape suffixes alike.

    letter   role    meaning                                       suffix
    B        batch   utterances                                    b
    S        time    audio samples                                 s
    T        time    frames                                        t
    L, U     label   tokens of a transcript                        l, u
    other    width   channels, features, vocabulary entries        d, f, v

Different roles never unify, so swapped axes are caught even when their sizes agree. UPPERCASE names
are local to a module; lowercase names in an axis are constructor parameters and always widths.
"""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """What an axis counts."""

    BATCH = "batch"
    TIME = "time"
    LABEL = "label"
    WIDTH = "width"


_BY_LETTER = {
    "B": Role.BATCH,
    "S": Role.TIME,
    "T": Role.TIME,
    "L": Role.LABEL,
    "U": Role.LABEL,
}


def role_of(axis: str) -> Role:
    """Return the role of an UPPERCASE axis name, decided by its first letter.

    >>> role_of("T2"), role_of("D")
    (<Role.TIME: 'time'>, <Role.WIDTH: 'width'>)
    """
    return _BY_LETTER.get(axis[:1], Role.WIDTH)
