"""Lengths as functions: how fast an axis grows, and whether two always count the same.

With its parameters filled in, a term over one axis is *quasi-linear*:
f(x + period) = f(x) + slope * period. So two terms are equal everywhere exactly when their slopes
agree and they agree on one common period, which is how `same_function` decides that
`ceil(ceil(x/2)/2)` and `ceil(x/4)` count the same frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from phonograph.types.terms import (
    Constant,
    Name,
    Operation,
    Rounding,
    Term,
    axis_in,
    evaluate,
)

_MOST_LENGTHS_COMPARED = 1 << 14


def slope_and_period(term: Term) -> tuple[Fraction, Fraction]:
    """Return how fast a one-axis term grows, and the period after which its rounding repeats.

    >>> from phonograph.types.terms import parse_term
    >>> slope_and_period(parse_term("ceil(floor(S/160)/2)"))
    (Fraction(1, 320), Fraction(320, 1))
    """
    match term:
        case Name():
            return Fraction(1), Fraction(1)
        case Constant():
            return Fraction(0), Fraction(1)
        case Rounding(_, inside):
            slope, period = slope_and_period(inside)
            return slope, period * (slope * period).denominator
        case Operation(symbol, left, right):
            return _combined_slope(symbol, left, right)


def same_function(first: Term, second: Term) -> bool:
    """Decide whether two terms over the same axis agree for every length.

    >>> from phonograph.types.terms import parse_term
    >>> same_function(parse_term("ceil(ceil(T/2)/2)"), parse_term("ceil(T/4)"))
    True
    >>> same_function(parse_term("floor(T/2)"), parse_term("ceil(T/2)"))
    False
    """
    axis = axis_in(first)
    if first == second or axis is None or axis != axis_in(second):
        return first == second
    slope, period = slope_and_period(first)
    other_slope, other_period = slope_and_period(second)
    if slope != other_slope:
        return False
    common = math.lcm(math.ceil(period), math.ceil(other_period))
    lengths = _lengths_to_compare(first, second, axis, common)
    return all(one == other for one, other in islice(lengths, _MOST_LENGTHS_COMPARED))


def _lengths_to_compare(
    first: Term, second: Term, axis: str, period: int
) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield the values of both terms wherever, within a period, they may disagree."""

    def both(length: int) -> tuple[Fraction, Fraction]:
        return evaluate(first, {axis: length}), evaluate(second, {axis: length})

    if not (_grows(first) and _grows(second)):
        yield from map(both, range(period))
        return
    spans = [(0, period)]
    while spans:
        low, high = spans.pop()
        at_low, at_high = both(low), both(high)
        yield at_low
        yield at_high
        # Two growing functions that are equal at both ends are constant in between.
        if at_low != at_high and high - low > 1:
            middle = (low + high) // 2
            spans += [(low, middle), (middle, high)]


def _grows(term: Term) -> bool:
    """Whether a term visibly never falls when its axis grows."""
    match term:
        case Name() | Constant():
            return True
        case Rounding(_, inside):
            return _grows(inside)
        case Operation("+", left, right):
            return _grows(left) and _grows(right)
        case Operation("-", left, Constant()):
            return _grows(left)
        case Operation("*" | "/", left, Constant(value)) | Operation("*", Constant(value), left):
            return value >= 0 and _grows(left)
    return False


def _combined_slope(symbol: str, left: Term, right: Term) -> tuple[Fraction, Fraction]:
    slope, period = slope_and_period(left)
    other_slope, other_period = slope_and_period(right)
    common = Fraction(math.lcm(math.ceil(period), math.ceil(other_period)))
    match symbol:
        case "+":
            return slope + other_slope, common
        case "-":
            return slope - other_slope, common
    if symbol == "*" and isinstance(left, Constant):
        return other_slope * left.value, common
    if not isinstance(right, Constant) or (symbol == "/" and right.value == 0):
        raise ValueError(f"`{Operation(symbol, left, right)}` is not linear in its axis")
    return (slope * right.value if symbol == "*" else slope / right.value), common
