"""Sums of unknowns: the last one that is open follows from all others, and what remains must hold.

Each unknown is an affine function of the root of its component, so a sum is a linear equation
between roots. Components count down how many roots each of their sums still waits for; every sum
is looked at twice at most, so the work grows with the number of parts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from phonograph.types.components import Component, Ties, Ways
from phonograph.types.equalities import Anchor, Sum, Unknown, size_of


@dataclass(frozen=True, slots=True)
class Share:
    """What one unknown brings to a sum.

    Args:
        unknown: the unknown.
        scale: how often it counts.
        value: its value.
        chain: port names from what decides it.
        origins: the values given that decide it.
    """

    unknown: Unknown
    scale: Fraction
    value: Fraction
    chain: tuple[str, ...]
    origins: tuple[Anchor, ...]


@dataclass(frozen=True, slots=True)
class SumConflict:
    """An anchor to change so that a sum holds.

    Args:
        sum: what does not hold.
        blamed: the anchor that should change; where nothing was given, one named for the port.
        expected: the value that would make it hold, or None where no single one is known to.
        total: the sum as it is, or None where it cannot hold whatever the values are.
        parts: what it is made of.
    """

    sum: Sum
    blamed: Anchor
    expected: Fraction | None
    total: Share | None
    parts: tuple[Share, ...]


class Sums:
    """The sums of a graph, between the components that their unknowns belong to.

    Args:
        sums: what must hold.
        home: unknown -> its component.
        ties: every unknown -> the links it is part of.

    Attributes:
        behind: the reason of every value that a sum decided -> the reasons that it follows from.
    """

    def __init__(self, sums: Sequence[Sum], home: Mapping[Unknown, Component], ties: Ties) -> None:
        self._ties = ties
        self._home = home
        self._equations = [_Equation(one, home) for one in sums]
        self._of: dict[Component, list[_Equation]] = {}
        for equation in self._equations:
            for component in equation.factors:
                self._of.setdefault(component, []).append(equation)
        self._waiting = {id(one): len(one.factors) for one in self._equations}
        self.behind: dict[Anchor, tuple[Anchor, ...]] = {}
        self._ready = deque(one for one in self._equations if len(one.factors) == 1)

    def spread(self, decided: Sequence[Component], kept: Container[Component] = ()) -> None:
        """Decide what follows from components that have just got their values.

        Args:
            decided: the components, each told once.
            kept: components that must not be decided.
        """
        for component in decided:
            self._tell(component)
        while self._ready:
            equation = self._ready.popleft()
            last = next((one for one in equation.factors if not one.values), None)
            if last is None or last in kept:
                continue
            root = equation.solved_for(last)
            last.follow(root, self._reason(equation, last, root))
            self._tell(last)

    def conflicts(self) -> Iterator[SumConflict]:
        """Yield what does not hold; what follows from a conflict that was told is left out."""
        told = {component for component in self._home.values() if component.conflicts}
        for equation in self._equations:
            known = all(component.values for component in equation.factors)
            if not known or equation.residual() == 0 or told & self._involved(equation):
                continue
            for anchor, component in self._blamed(equation):
                told.add(component)
                yield self._conflict(equation, anchor, component)

    def _involved(self, equation: _Equation) -> set[Component]:
        reasons = [one.reason for one in equation.factors if one.reason is not None]
        behind = (anchor for reason in reasons for anchor in given(self.behind, reason))
        return {*equation.factors, *(self._home[anchor.unknown] for anchor in behind)}

    def _tell(self, component: Component) -> None:
        for equation in self._of.get(component, ()):
            self._waiting[id(equation)] -= 1
            if self._waiting[id(equation)] == 1:
                self._ready.append(equation)

    def _reason(self, equation: _Equation, component: Component, root: Fraction) -> Anchor:
        members = [equation.sum.total, *(part for part, _ in equation.sum.parts)]
        unknown = next(one for one in members if self._home[one] is component)
        others = tuple(one.reason for one in equation.factors if one.reason is not None)
        strength = min((one.strength for one in others), default=0)
        value = component.value_at(unknown, root)
        reason = Anchor(unknown, value, strength, equation.sum.via)
        self.behind[reason] = others
        return reason

    def _blamed(self, equation: _Equation) -> list[tuple[Anchor, Component]]:
        """Choose the weakest component that values were given for, else the weakest value."""
        named = [c for c in equation.factors if c.reason and c.reason not in self.behind]
        if named:
            weakest = min(named, key=lambda one: one.reason.strength if one.reason else 0)
            return [(anchor, weakest) for anchor in weakest.anchors]
        reasons = [c.reason for c in equation.factors if c.reason]
        behind = [anchor for reason in reasons for anchor in given(self.behind, reason)]
        total = equation.sum.total
        nobody = Anchor(total, Fraction(0), 0, equation.sum.via)
        anchor = min(behind, key=lambda one: one.strength, default=nobody)
        return [(anchor, self._home[anchor.unknown])]

    def _conflict(self, equation: _Equation, blamed: Anchor, component: Component) -> SumConflict:
        one, expected = equation.sum, None
        if component in equation.factors:
            expected = component.value_at(blamed.unknown, equation.solved_for(component))
        shares = [self._share(part, scale) for part, scale in one.parts]
        parts = tuple(share for share in shares if share is not None)
        if len(parts) < len(shares):
            return SumConflict(one, blamed, expected, None, ())
        return SumConflict(one, blamed, expected, self._share(one.total, Fraction(1)), parts)

    def _share(self, unknown: Unknown, scale: Fraction) -> Share | None:
        component = self._home[unknown]
        if component.reason is None:
            return None
        chain = Ways(self._ties, component.reason.unknown).to(unknown)
        value = size_of(component.values[unknown])
        return Share(unknown, scale, value, chain, given(self.behind, component.reason))


class _Equation:
    """A sum as the linear equation `constant + factors * roots = 0`."""

    def __init__(self, equality: Sum, home: Mapping[Unknown, Component]) -> None:
        self.sum = equality
        self.constant = -equality.offset
        self.factors: dict[Component, Fraction] = {}
        parts = ((part, -scale) for part, scale in equality.parts)
        for unknown, sign in [(equality.total, Fraction(1)), *parts]:
            component = home[unknown]
            scale, offset = component.maps[unknown]
            self.constant += sign * offset
            self.factors[component] = self.factors.get(component, Fraction(0)) + sign * scale
        self.factors = {component: factor for component, factor in self.factors.items() if factor}

    def residual(self) -> Fraction:
        """Return 0 where the equation holds."""
        return self.constant + sum(factor * _root(one) for one, factor in self.factors.items())

    def solved_for(self, component: Component) -> Fraction:
        """Return the root of one component by those of all others."""
        others = sum(f * _root(one) for one, f in self.factors.items() if one is not component)
        return -(self.constant + others) / self.factors[component]


def given(behind: Mapping[Anchor, Sequence[Anchor]], reason: Anchor) -> tuple[Anchor, ...]:
    """Return the values that were given and a reason follows from; mostly just itself."""
    found: list[Anchor] = []
    seen, waiting = {reason}, [reason]
    for one in waiting:  # grows while it is walked
        if one not in behind:
            found.append(one)
        more = [another for another in behind.get(one, ()) if another not in seen]
        waiting += more
        seen.update(more)
    return tuple(found)


def _root(component: Component) -> Fraction:
    first = next(iter(component.maps))
    return size_of(component.values[first])
