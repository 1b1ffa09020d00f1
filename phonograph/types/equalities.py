"""What a solver is given: unknowns, values that somebody gave, and what makes them equal."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from phonograph.types.vocabulary import Vocabulary

Value = Fraction | Vocabulary


@dataclass(frozen=True, slots=True, order=True)
class Unknown:
    """A parameter, derived value, local width or sum of widths of one node."""

    node: str
    name: str

    def __str__(self) -> str:
        return f"{self.node}.{self.name}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A value that somebody gave.

    Args:
        unknown: what has the value.
        value: a number, or a vocabulary.
        strength: how unlikely it is that this is the line to change; higher is less likely.
        source: the name a reader knows it by, such as `data.tokenizer`.
    """

    unknown: Unknown
    value: Value
    strength: int
    source: str


@dataclass(frozen=True, slots=True)
class Link:
    """`right = scale * left + offset`, because of what the two port names say."""

    left: Unknown
    right: Unknown
    scale: Fraction
    offset: Fraction
    via: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sum:
    """`total` is the sum of `scale * part` over all parts, and of `offset`.

    Args:
        total: the sum.
        parts: at least two unknowns of the same node, each with its scale, which is not 0.
        offset: a number that is added.
        via: the port that is so wide.
    """

    total: Unknown
    parts: tuple[tuple[Unknown, Fraction], ...]
    offset: Fraction
    via: str


def size_of(value: Value) -> Fraction:
    """Return the number that arithmetic uses."""
    return Fraction(value.size) if isinstance(value, Vocabulary) else value
