"""Refusals of arguments out of range; each names the one at fault in backticks, with its value."""

from __future__ import annotations


def check_at_least(least: int, **values: int) -> None:
    """Refuse a number below a bound.

    Raises:
        ValueError: one is below.

    >>> check_at_least(1, layers=2, heads=0)
    Traceback (most recent call last):
    ValueError: `heads` must be at least 1, not 0
    """
    for name, value in values.items():
        if value < least:
            raise ValueError(f"`{name}` must be at least {least}, not {value}")


def check_count(**values: int) -> None:
    """Refuse a number of layers, or of repetitions, that is not from 1 to 1000.

    Raises:
        ValueError: one is not.
    """
    check_at_least(1, **values)
    check_at_most(1000, **values)


def check_at_most(most: int, **values: int) -> None:
    """Refuse a number above a bound.

    Raises:
        ValueError: one is above.
    """
    for name, value in values.items():
        if value > most:
            raise ValueError(f"`{name}` must be at most {most}, not {value}")


def check_above_zero(**values: float) -> None:
    """Refuse 0, what is below, and what is not a number.

    Raises:
        ValueError: one is not above 0.
    """
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"`{name}` must be above 0, not {value}")


def check_odd_kernel(kernel: int) -> None:
    """Refuse taps without a middle one.

    Raises:
        ValueError: the kernel is even or below 1.
    """
    check_at_least(1, kernel=kernel)
    if kernel % 2 == 0:
        raise ValueError(f"`kernel` must be odd, not {kernel}")


def check_dropout(dropout: float) -> None:
    """Refuse what is no probability, and 1, which leaves nothing.

    Raises:
        ValueError: the dropout is not in [0, 1).
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be at least 0 and below 1, not {dropout}")
