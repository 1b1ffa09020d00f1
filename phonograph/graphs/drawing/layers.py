"""Put vertices in rows so that every wire goes down (Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from phonograph.graphs.drawing.crossings import ordered
from phonograph.graphs.drawing.spread import spread
from phonograph.graphs.drawing.vertices import Bend, Vertex, Wire


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


def arrange(
    widths: Mapping[str, float],
    wires: Sequence[Wire],
    hidden: Iterable[Wire] = (),
    room: float = math.inf,
) -> Rows:
    """Arrange vertices in rows.

    Args:
        widths: of every vertex, in an order that is kept where nothing else decides.
        wires: without circles; those between the same two vertices may be many.
        hidden: further wires that must go down as well, but are not drawn.
        room: width of a row, beyond which vertices that can wait stand in a later one.

    >>> rows = arrange({"a": 1, "b": 1, "c": 1}, [Wire("a", "x", "b"), Wire("b", "y", "c")])
    >>> rows.rows
    (('a',), ('b',), ('c',))
    """
    level = spread(widths, wires, hidden, room)
    paths = {wire: _path(wire, level) for wire in wires}
    segments = dict.fromkeys(pair for path in paths.values() for pair in pairwise(path))
    rows = ordered(_initial(widths, level, segments), list(segments))
    return Rows(tuple(map(tuple, rows)), tuple(segments), paths)


def _path(wire: Wire, level: Mapping[str, int]) -> tuple[Vertex, ...]:
    between = range(level[wire.source] + 1, level[wire.target])
    return (wire.source, *(Bend(wire.key, row) for row in between), wire.target)


def _initial(
    names: Iterable[str], level: Mapping[str, int], segments: Iterable[tuple[Vertex, Vertex]]
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
