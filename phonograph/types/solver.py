"""Solve equalities between parameters of different modules, in both directions, and say why.

Every unknown (`head.vocab`) is a vertex; every wire that makes two of them equal, up to scale and
offset, is an edge. A value given somewhere is an anchor. In a connected component one number fixes
all others, so anchors that disagree are the faults, and a shortest path between two of them is the
reason. Sums of widths then tie components together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from phonograph.types.components import Component, Conflict
from phonograph.types.equalities import Anchor, Link, Sum, Unknown, Value
from phonograph.types.sums import SumConflict, Sums, given


@dataclass(frozen=True, slots=True)
class Solution:
    """What was found.

    Args:
        values: of every unknown that has one.
        reasons: unknown -> the anchor its value came from; where a sum decided it, an anchor named
            for the port that is so wide.
        conflicts: anchors that contradict others.
        broken: links around a loop that do not hold with the values found; they are looked for
            where no anchors contradict one another.
        sum_conflicts: anchors that keep sums from holding.
        behind: the reason of every value that a sum decided -> the reasons that it follows from.
    """

    values: dict[Unknown, Value]
    reasons: dict[Unknown, Anchor]
    conflicts: tuple[Conflict, ...]
    broken: tuple[Link, ...] = ()
    sum_conflicts: tuple[SumConflict, ...] = ()
    behind: Mapping[Anchor, Sequence[Anchor]] = field(default_factory=dict)

    def given_for(self, unknown: Unknown) -> tuple[Anchor, ...]:
        """Return the values that were given and that an unknown's value comes from."""
        return given(self.behind, self.reasons[unknown])


def solve(
    unknowns: Iterable[Unknown],
    anchors: Sequence[Anchor],
    links: Iterable[Link],
    defaults: Sequence[Anchor] = (),
    sums: Sequence[Sum] = (),
    left_open: Collection[Unknown] = (),
) -> Solution:
    """Give every unknown that can have one its value.

    Args:
        unknowns: all vertices; their order decides ties and should follow the data.
        anchors: values given explicitly or derived.
        links: equalities.
        defaults: values used, first come first served, where a component has no anchor and no sum
            decides it.
        sums: equalities of one unknown and several others.
        left_open: unknowns that no default may decide.

    >>> from fractions import Fraction
    >>> a, b = Unknown("mel", "n_mels"), Unknown("encoder", "feat_in")
    >>> link = Link(a, b, Fraction(1), Fraction(0), ("mel.features", "encoder.features"))
    >>> solution = solve([a, b], [Anchor(a, Fraction(80), 2, "mel.n_mels")], [link])
    >>> str(solution.values[b])
    '80'
    """
    ties: dict[Unknown, list[Link]] = {unknown: [] for unknown in unknowns}
    for link in links:
        ties.setdefault(link.left, []).append(link)
        ties.setdefault(link.right, []).append(link)
    for one in sums:
        for unknown in (one.total, *(part for part, _ in one.parts)):
            ties.setdefault(unknown, [])
    rank = {unknown: position for position, unknown in enumerate(ties)}
    home: dict[Unknown, Component] = {}
    components = []
    for unknown in ties:
        if unknown not in home:
            component = Component(ties, unknown, rank)
            components.append(component)
            home.update(dict.fromkeys(component.members, component))
    equations = Sums(sums, home, ties)
    equations.spread(_settled(components, _by_unknown(anchors)))
    _use_defaults(components, _by_unknown(defaults), equations, left_open)
    return _solution(components, equations)


def _settled(
    components: Iterable[Component], given: Mapping[Unknown, Sequence[Anchor]]
) -> list[Component]:
    """Settle every component that values were given for, and return those."""
    settled = []
    for component in components:
        local = [anchor for unknown in component.members for anchor in given.get(unknown, ())]
        if local:
            component.settle(local)
            settled.append(component)
    return settled


def _use_defaults(
    components: Iterable[Component],
    fallback: Mapping[Unknown, Sequence[Anchor]],
    sums: Sums,
    left_open: Collection[Unknown],
) -> None:
    kept = {one for one in components if any(member in left_open for member in one.members)}
    for component in components:
        if component.values or component in kept:
            continue
        local = (anchor for unknown in component.members for anchor in fallback.get(unknown, ()))
        first = next(local, None)
        if first is not None:
            component.settle([first])
            sums.spread([component], kept)


def _solution(components: Sequence[Component], sums: Sums) -> Solution:
    values: dict[Unknown, Value] = {}
    reasons: dict[Unknown, Anchor] = {}
    for component in components:
        values |= component.values
        if component.reason is not None:
            reasons |= dict.fromkeys(component.members, component.reason)
    return Solution(
        values,
        reasons,
        tuple(conflict for component in components for conflict in component.conflicts),
        tuple(link for one in components if not one.conflicts for link in one.broken_links()),
        tuple(sums.conflicts()),
        sums.behind,
    )


def _by_unknown(anchors: Sequence[Anchor]) -> dict[Unknown, list[Anchor]]:
    table: dict[Unknown, list[Anchor]] = {}
    for anchor in anchors:
        table.setdefault(anchor.unknown, []).append(anchor)
    return table
