"""Put vertices in rows so that every wire goes down, and order rows so that few wires cross.

Sugiyama, Tagawa and Toda 1981: rows by longest paths, bends where a wire passes a row, and sweeps
that order each row by the middle of its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

SWEEPS = 24


@dataclass(frozen=True, slots=True)
class Bend:
    """Where a wire passes a row on its way.

    Args:
        wire: what flows, shared by every wire from the same start.
        row: the row.
    """

    wire: str
    row: int


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire between vertices.

    Args:
        source: vertex it starts from.
        port: where there; wires with the same source and port run together.
        target: vertex it ends at.
    """

    source: str
    port: str
    target: str

    @property
    def key(self) -> str:
        """What it has in common with wires that carry the same."""
        return f"{self.source}.{self.port}"


Vertex = str | Bend


@dataclass(frozen=True, slots=True)
class Rows:
    """Vertices and bends in rows.

    Args:
        rows: from top to bottom, each from left to right.
        segments: pairs of vertices in neighbouring rows, upper one first.
        paths: for each wire, the vertices it passes.
    """

    rows: tuple[tuple[Vertex, ...], ...]
    segments: tuple[tuple[Vertex, Vertex], ...]
    paths: Mapping[Wire, tuple[Vertex, ...]]


def arrange(names: Sequence[str], wires: Sequence[Wire], hidden: Iterable[Wire] = ()) -> Rows:
    """Arrange vertices in rows.

    Args:
        names: every vertex, in an order that is kept where nothing else decides.
        wires: without circles; those between the same two vertices may be many.
        hidden: further wires that must go down as well, but are not drawn.

    >>> rows = arrange(["a", "b", "c"], [Wire("a", "x", "b"), Wire("b", "y", "c")])
    >>> rows.rows
    (('a',), ('b',), ('c',))
    """
    level = _levels(names, wires, [*wires, *hidden])
    paths = {wire: _path(wire, level) for wire in wires}
    segments = dict.fromkeys(pair for path in paths.values() for pair in pairwise(path))
    rows = _ordered(_initial(names, level, segments), list(segments))
    return Rows(tuple(map(tuple, rows)), tuple(segments), paths)


def crossings(rows: Sequence[Sequence[Vertex]], segments: Iterable[tuple[Vertex, Vertex]]) -> int:
    """Count the pairs of segments that cross.

    >>> crossings([["a", "b"], ["c", "d"]], [("a", "d"), ("b", "c")])
    1
    """
    place = {vertex: at for row in rows for at, vertex in enumerate(row)}
    level = {vertex: number for number, row in enumerate(rows) for vertex in row}
    gaps: dict[int, list[tuple[int, int]]] = {}
    for upper, lower in segments:
        gaps.setdefault(level[upper], []).append((place[upper], place[lower]))
    return sum(_inversions([lower for _, lower in sorted(gap)]) for gap in gaps.values())


def _inversions(numbers: list[int]) -> int:
    if len(numbers) < 2:
        return 0
    middle = len(numbers) // 2
    left, right = numbers[:middle], numbers[middle:]
    count = _inversions(left) + _inversions(right)
    left.sort()
    right.sort()
    at = 0
    for number in right:
        while at < len(left) and left[at] <= number:
            at += 1
        count += len(left) - at
    return count


def _levels(names: Sequence[str], drawn: Sequence[Wire], wires: Sequence[Wire]) -> dict[str, int]:
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from((wire.source, wire.target) for wire in wires)
    order = list(nx.lexicographical_topological_sort(graph, key=list(names).index))
    level: dict[str, int] = {}
    for name in order:
        level[name] = max((level[before] + 1 for before in graph.pred[name]), default=0)
    given = {name: {w.key for w in drawn if w.target == name} for name in names}
    giving = {name: {w.target for w in drawn if w.source == name} for name in names}
    for name in reversed(order):
        # a vertex stands near those it feeds, unless that makes more wires longer than shorter
        if graph.pred[name] and giving[name] and len(given[name]) <= len(giving[name]):
            level[name] = min(level[after] for after in graph.succ[name]) - 1
    return level


def _path(wire: Wire, level: Mapping[str, int]) -> tuple[Vertex, ...]:
    between = range(level[wire.source] + 1, level[wire.target])
    return (wire.source, *(Bend(wire.key, row) for row in between), wire.target)


def _initial(
    names: Sequence[str], level: Mapping[str, int], segments: Iterable[tuple[Vertex, Vertex]]
) -> list[list[Vertex]]:
    """Rows in the order in which a walk along the wires comes by."""
    below: dict[Vertex, list[Vertex]] = {}
    for upper, lower in segments:
        below.setdefault(upper, []).append(lower)
    rows: list[list[Vertex]] = [[] for _ in range(1 + max(level.values(), default=-1))]
    seen: set[Vertex] = set()
    for name in names:
        waiting: list[Vertex] = [name]
        while waiting:
            vertex = waiting.pop()
            if vertex in seen:
                continue
            seen.add(vertex)
            rows[vertex.row if isinstance(vertex, Bend) else level[vertex]].append(vertex)
            waiting += reversed(below.get(vertex, []))
    return rows


def _ordered(
    rows: list[list[Vertex]], segments: Sequence[tuple[Vertex, Vertex]]
) -> list[list[Vertex]]:
    above: dict[Vertex, list[Vertex]] = {}
    below: dict[Vertex, list[Vertex]] = {}
    for upper, lower in segments:
        below.setdefault(upper, []).append(lower)
        above.setdefault(lower, []).append(upper)
    best, fewest = rows, crossings(rows, segments)
    rows = [list(row) for row in rows]
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        order = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in order:
            fixed = rows[number - 1 if down else number + 1]
            rows[number] = _by_middle(rows[number], fixed, above if down else below)
        count = crossings(rows, segments)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    return best


def _by_middle(
    row: list[Vertex], fixed: list[Vertex], near: Mapping[Vertex, list[Vertex]]
) -> list[Vertex]:
    """Order a row by the mean place of neighbours; what has none keeps its place."""
    place = {vertex: at / max(1, len(fixed) - 1) for at, vertex in enumerate(fixed)}
    own = {vertex: at / max(1, len(row) - 1) for at, vertex in enumerate(row)}

    def middle(vertex: Vertex) -> float:
        places = [place[other] for other in near.get(vertex, ())]
        return sum(places) / len(places) if places else own[vertex]

    return sorted(row, key=middle)
