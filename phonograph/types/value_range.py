"""The range of a number, as the words of its documentation give it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)(?![\d.]*\d| ?\*|/)"
_END = r"(?=[,.;:)]|$| and | together)"  # "above 0 the first one wins" is no bound


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number; None where there is none.

    Args:
        least: lower bound, or None.
        most: upper bound, or None.
        above: whether the lower bound itself is excluded.
        below: whether the upper bound itself is excluded.
    """

    least: float | None = None
    most: float | None = None
    above: bool = False
    below: bool = False

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            opened, closed = "(" if self.above else "[", ")" if self.below else "]"
            return f"{opened}{self.least:g}, {self.most:g}{closed}"
        return f"{'>' if self.above else '≥'} {self.least:g}"


def range_in(text: str) -> Range | None:
    """Find the range that a documentation gives in words.

    Only the plain forms count: `at least 1`, `above 0`, `in [0, 1)`, `1 to 1024`. Which of several
    bounds a text means is not guessed: the first is taken.

    >>> str(range_in("probability in [0, 1)")), str(range_in("width, at least 1; solved"))
    ('[0, 1)', '≥ 1')
    >>> range_in("a multiple of the heads") is None
    True
    """
    found = [
        (match.start(), -len(match[0]), match, read)
        for form, read in _FORMS.items()
        for match in form.finditer(text)
    ]
    if not found:
        return None
    _, _, match, read = min(found, key=lambda one: one[:2])
    return read(match)


def _interval(match: re.Match[str]) -> Range:
    opened, low, high, closed = match.groups()
    return Range(float(low), float(high), above=opened == "(", below=closed == ")")


def _bounded(match: re.Match[str]) -> Range:
    low, word, high = match.groups()
    return Range(_number(low), _number(high), below=word == "below")


def _number(text: str) -> float:
    return float(text.replace(",", ""))


_FORMS: Mapping[re.Pattern[str], Callable[[re.Match[str]], Range]] = {
    re.compile(r"\bin ([\[(])(-?[\d.]+), (-?[\d.]+)([\])])"): _interval,
    re.compile(rf"\bat least {_NUMBER} and (below|at most) {_NUMBER}"): _bounded,
    re.compile(rf"(?:^|, ){_NUMBER} to {_NUMBER}(?=[,.;]|$)"): (
        lambda match: Range(_number(match[1]), _number(match[2]))
    ),
    re.compile(rf"\bat least {_NUMBER}"): lambda match: Range(_number(match[1])),
    re.compile(rf"\babove {_NUMBER}{_END}"): lambda match: Range(_number(match[1]), above=True),
}
