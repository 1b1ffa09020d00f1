"""Solve equalities between parameters of different modules, in both directions, and say why.

Every unknown (`head.vocab`) is a vertex; every wire that makes two of them equal, up to scale and
offset, is an edge. A value given somewhere is an anchor. In a connected component one number fixes
all others, so anchors that disagree are the faults, and a shortest path between two of them is the
reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import networkx as nx

from phonograph.types.vocabulary import Vocabulary

Value = Fraction | Vocabulary


@dataclass(frozen=True, slots=True, order=True)
class Unknown:
    """A parameter, derived value or local width of one node."""

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
class Conflict:
    """An anchor to change, the anchor it contradicts, and the ports between them.

    Args:
        blamed: the anchor that should change.
        required: the anchor that wins.
        expected: the value that would agree with `required` at the blamed unknown.
        chain: port names from `required` to `blamed`.
    """

    blamed: Anchor
    required: Anchor
    expected: Value
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Solution:
    """What was found.

    Args:
        values: of every unknown that has one.
        reasons: unknown -> the anchor its value came from.
        conflicts: anchors that contradict others.
        broken: links around a loop that do not hold with the values found; they are looked for
            where no anchors contradict one another.
    """

    values: dict[Unknown, Value]
    reasons: dict[Unknown, Anchor]
    conflicts: tuple[Conflict, ...]
    broken: tuple[Link, ...] = ()


def size_of(value: Value) -> Fraction:
    """Return the number that arithmetic uses."""
    return Fraction(value.size) if isinstance(value, Vocabulary) else value


def solve(
    unknowns: Iterable[Unknown],
    anchors: Sequence[Anchor],
    links: Iterable[Link],
    defaults: Sequence[Anchor] = (),
) -> Solution:
    """Give every unknown that can have one its value.

    Args:
        unknowns: all vertices; their order decides ties and should follow the data.
        anchors: values given explicitly or derived.
        links: equalities.
        defaults: values used, first come first served, where a component has no anchor.

    >>> a, b = Unknown("mel", "n_mels"), Unknown("encoder", "feat_in")
    >>> link = Link(a, b, Fraction(1), Fraction(0), ("mel.features", "encoder.features"))
    >>> solution = solve([a, b], [Anchor(a, Fraction(80), 2, "mel.n_mels")], [link])
    >>> str(solution.values[b])
    '80'
    """
    graph = nx.MultiGraph()
    graph.add_nodes_from(unknowns)
    for link in links:
        graph.add_edge(link.left, link.right, link=link)
    rank = {unknown: position for position, unknown in enumerate(graph.nodes)}
    given = _by_unknown(anchors)
    fallback = _by_unknown(defaults)
    solution = Solution({}, {}, ())
    conflicts: list[Conflict] = []
    broken: list[Link] = []
    for members in nx.connected_components(graph):
        ordered = sorted(members, key=rank.__getitem__)
        component = _Component(graph, ordered)
        local = [anchor for unknown in ordered for anchor in given.get(unknown, ())]
        if not local:
            local = [anchor for unknown in ordered for anchor in fallback.get(unknown, ())][:1]
        found = component.settle(local, solution)
        conflicts += found
        broken += [] if found else component.broken_links(solution)
    return Solution(solution.values, solution.reasons, tuple(conflicts), tuple(broken))


class _Component:
    """Unknowns that determine one another, each an affine function of the first."""

    def __init__(self, graph: nx.MultiGraph, ordered: list[Unknown]) -> None:
        self.graph = graph
        self.ordered = ordered
        self.maps: dict[Unknown, tuple[Fraction, Fraction]] = {
            ordered[0]: (Fraction(1), Fraction(0))
        }
        for parent, child, key in nx.edge_bfs(graph, ordered[0]):
            if child not in self.maps:
                self.maps[child] = self._step(graph.edges[parent, child, key]["link"], parent)

    def _step(self, link: Link, parent: Unknown) -> tuple[Fraction, Fraction]:
        scale, offset = self.maps[parent]
        if link.left == parent:
            return link.scale * scale, link.scale * offset + link.offset
        return scale / link.scale, (offset - link.offset) / link.scale

    def settle(self, anchors: list[Anchor], solution: Solution) -> list[Conflict]:
        """Choose the value most anchors support, assign it, and report the others."""
        if not anchors:
            return []
        winner = self._winner(anchors)
        root = self._to_root(winner)
        for unknown in self.ordered:
            solution.values[unknown] = self._value_at(unknown, root, anchors, winner)
            solution.reasons[unknown] = winner
        return [self._conflict(a, winner, solution) for a in anchors if self._clashes(a, solution)]

    def broken_links(self, solution: Solution) -> list[Link]:
        """Return the equalities around a loop that the values found do not satisfy."""
        links = [link for *_, link in self.graph.subgraph(self.ordered).edges(data="link")]
        return [link for link in links if not self._holds(link, solution)]

    def _holds(self, link: Link, solution: Solution) -> bool:
        left, right = solution.values.get(link.left), solution.values.get(link.right)
        if left is None or right is None:
            return True
        return size_of(right) == link.scale * size_of(left) + link.offset

    def _to_root(self, anchor: Anchor) -> Fraction:
        scale, offset = self.maps[anchor.unknown]
        return (size_of(anchor.value) - offset) / scale

    def _winner(self, anchors: list[Anchor]) -> Anchor:
        groups: dict[Fraction, list[Anchor]] = {}
        for anchor in anchors:
            groups.setdefault(self._to_root(anchor), []).append(anchor)
        best = max(groups.values(), key=lambda group: (max(a.strength for a in group), len(group)))
        return max(best, key=lambda anchor: anchor.strength)

    def _value_at(
        self, unknown: Unknown, root: Fraction, anchors: list[Anchor], winner: Anchor
    ) -> Value:
        own = self.maps[unknown]
        for anchor in (winner, *anchors):
            same = self.maps[anchor.unknown] == own and self._to_root(anchor) == root
            if same and isinstance(anchor.value, Vocabulary):
                return anchor.value
        return own[0] * root + own[1]

    def _clashes(self, anchor: Anchor, solution: Solution) -> bool:
        found = solution.values[anchor.unknown]
        if isinstance(anchor.value, Vocabulary) and isinstance(found, Vocabulary):
            return anchor.value != found
        return size_of(anchor.value) != size_of(found)

    def _conflict(self, blamed: Anchor, required: Anchor, solution: Solution) -> Conflict:
        path = nx.shortest_path(self.graph, required.unknown, blamed.unknown)
        chain: list[str] = []
        for left, right in pairwise(path):
            link = next(iter(self.graph[left][right].values()))["link"]
            via = link.via if link.left == left else link.via[::-1]
            chain += [port for port in via if port not in chain[-1:]]
        return Conflict(blamed, required, solution.values[blamed.unknown], tuple(chain))


def _by_unknown(anchors: Sequence[Anchor]) -> dict[Unknown, list[Anchor]]:
    table: dict[Unknown, list[Anchor]] = {}
    for anchor in anchors:
        table.setdefault(anchor.unknown, []).append(anchor)
    return table
