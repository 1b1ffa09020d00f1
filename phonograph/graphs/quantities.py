"""Large numbers in few characters."""

from __future__ import annotations

import math

_STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(number: float) -> str:
    """Write a number with three digits.

    >>> short(1976400), short(980), short(16657273651), short(0.4)
    ('1.98 M', '980', '16.7 G', '0.4')
    """
    for size, letter in _STEPS:
        if number >= size * 0.9995:
            return f"{number / size:#.3g}".rstrip(".") + f" {letter}"
    return f"{number:.3g}"


def short_bytes(number: float) -> str:
    """Write an amount of memory; a kB is 1000 bytes.

    >>> short_bytes(7905600), short_bytes(12), short_bytes(1331086548)
    ('7.91 MB', '12 B', '1.33 GB')
    """
    text = short(number)
    return f"{text}B" if " " in text else f"{text} B"


def milliseconds(number: float) -> str:
    """Write a time, which may be endless.

    >>> milliseconds(12.4375), milliseconds(1052.4375), milliseconds(14680), milliseconds(math.inf)
    ('12.4 ms', '1052 ms', '14.7 s', 'all')
    """
    if number == math.inf:
        return "all"
    if number >= 10_000:
        return f"{number / 1000:.3g} s"
    return f"{number:.4g} ms" if number >= 100 else f"{number:.3g} ms"
