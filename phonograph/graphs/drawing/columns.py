"""Where vertices of ordered rows stand from left to right (Brandes and Köpf 2001).

Vertices are lined up with the middle one of their neighbours, from above and from below, leftmost
and rightmost: four drawings, of which each vertex takes the mean of the middle two. Wires that pass
several rows are straight, and nothing overlaps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, pairwise

import networkx as nx

from phonograph.graphs.drawing.layers import Rows
from phonograph.graphs.drawing.vertices import Bend, Vertex

Gap = Callable[[Vertex, Vertex], float]
_Near = Mapping[Vertex, Sequence[Vertex]]
_Pairs = frozenset[tuple[Vertex, Vertex]]


def place_columns(rows: Rows, gap: Gap) -> dict[Vertex, float]:
    """Return the middle of every vertex, the leftmost at 0.

    Args:
        rows: vertices in order.
        gap: least distance between the middles of two neighbours in a row.
    """
    bent = _bent(rows)
    near: tuple[dict[Vertex, list[Vertex]], ...] = ({}, {})
    for upper, lower in rows.segments:
        near[0].setdefault(lower, []).append(upper)
        near[1].setdefault(upper, []).append(lower)
    found: list[dict[Vertex, float]] = []
    for upward in (False, True):
        for mirrored in (False, True):
            order = [list(row)[:: -1 if mirrored else 1] for row in rows.rows]
            order = order[:: -1 if upward else 1]
            places = _compacted(order, _lined_up(order, near[upward], bent), gap)
            sign = -1 if mirrored else 1
            found.append({vertex: sign * x for vertex, x in places.items()})
    return _balanced(found)


def _bent(rows: Rows) -> _Pairs:
    """Segments that give way where they cross: to long wires, which are straight."""
    place = {vertex: at for row in rows.rows for at, vertex in enumerate(row)}
    level = {vertex: number for number, row in enumerate(rows.rows) for vertex in row}
    gaps: dict[int, list[tuple[Vertex, Vertex]]] = {}
    for segment in rows.segments:
        gaps.setdefault(level[segment[0]], []).append(segment)
    bent = set()
    for segments in gaps.values():
        for one, other in combinations(segments, 2):
            if (place[one[0]] - place[other[0]]) * (place[one[1]] - place[other[1]]) < 0:
                bent.add(other if _is_inner(one) else one)
    return frozenset(pair for segment in bent for pair in (segment, segment[::-1]))


def _is_inner(segment: tuple[Vertex, Vertex]) -> bool:
    return all(isinstance(vertex, Bend) for vertex in segment)


def _lined_up(order: Sequence[Sequence[Vertex]], near: _Near, bent: _Pairs) -> dict[Vertex, Vertex]:
    """Return for each vertex the first one of those that stand in line with it."""
    place = {vertex: at for row in order for at, vertex in enumerate(row)}
    first = {vertex: vertex for vertex in place}
    taken: set[Vertex] = set()
    for row in order:
        last = -1
        for vertex in row:
            others = sorted(near.get(vertex, ()), key=place.__getitem__)
            middle = (len(others) - 1) / 2
            for at in dict.fromkeys((math.floor(middle), math.ceil(middle))) if others else ():
                other = others[at]
                free = first[vertex] == vertex and other not in taken and last < place[other]
                if free and (vertex, other) not in bent:
                    first[vertex] = first[other]
                    taken.add(other)
                    last = place[other]
    return first


def _compacted(
    order: Sequence[Sequence[Vertex]], first: Mapping[Vertex, Vertex], gap: Gap
) -> dict[Vertex, float]:
    lines = nx.DiGraph()
    lines.add_nodes_from(dict.fromkeys(first.values()))
    for row in order:
        for left, right in pairwise(row):
            ends = first[left], first[right]
            known = lines.edges[ends]["gap"] if lines.has_edge(*ends) else 0.0
            lines.add_edge(*ends, gap=max(known, gap(left, right)))
    sequence = list(nx.topological_sort(lines))
    places: dict[Vertex, float] = {}
    for line in sequence:
        before = lines.pred[line].items()
        places[line] = max((places[one] + edge["gap"] for one, edge in before), default=0.0)
    for line in reversed(sequence):
        after = [places[one] - edge["gap"] for one, edge in lines.succ[line].items()]
        places[line] = max(places[line], min(after)) if after else places[line]
    return {vertex: places[line] for vertex, line in first.items()}


def _balanced(found: Sequence[Mapping[Vertex, float]]) -> dict[Vertex, float]:
    if not found[0]:
        return {}
    narrowest = min(found, key=lambda places: max(places.values()) - min(places.values()))
    low, high = min(narrowest.values()), max(narrowest.values())
    moved = []
    for number, places in enumerate(found):
        mirrored = number % 2 == 1
        shift = high - max(places.values()) if mirrored else low - min(places.values())
        moved.append({vertex: x + shift for vertex, x in places.items()})
    middles = {v: sum(sorted(places[v] for places in moved)[1:3]) / 2 for v in found[0]}
    start = min(middles.values())
    return {vertex: x - start for vertex, x in middles.items()}
