"""Pull vertices towards their neighbours, row by row, and straighten wires that pass rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from phonograph.graphs.drawing.layers import Rows
from phonograph.graphs.drawing.vertices import Bend, Vertex

SWEEPS = 40
STIFF = 8.0
"""How much harder a wire pulls where it passes rows than where it ends."""

Gap = Callable[[Vertex, Vertex], float]
_Pulls = Mapping[Vertex, Sequence[tuple[Vertex, float]]]


def relax(rows: Rows, places: Mapping[Vertex, float], gap: Gap) -> dict[Vertex, float]:
    """Return places where wires are shorter; the order in rows and the gaps stay.

    In each row the sum of squared distances to neighbours is made as small as the gaps allow, which
    is an isotonic regression (pool adjacent violators, Ayer et al. 1955).

    Args:
        rows: vertices in order.
        places: middles to start from, which keep the gaps.
        gap: least distance between the middles of two neighbours in a row.
    """
    found = dict(places)
    pulls = _pulls(rows)
    for sweep in range(SWEEPS):
        for row in rows.rows[:: -1 if sweep % 2 else 1]:
            _settle(row, found, pulls, gap)
    _straighten(rows, found, gap)
    start = min(found.values(), default=0.0)
    return {vertex: x - start for vertex, x in found.items()}


def _pulls(rows: Rows) -> _Pulls:
    above, below = neighbours(rows)
    pulls: dict[Vertex, list[tuple[Vertex, float]]] = {}
    for upper, lower in rows.segments:
        inner = isinstance(upper, Bend) and isinstance(lower, Bend)
        only = len(below[upper]) == 1 and len(above[lower]) == 1
        weight = STIFF if inner else STIFF / 2 if only else 1.0
        pulls.setdefault(upper, []).append((lower, weight))
        pulls.setdefault(lower, []).append((upper, weight))
    return pulls


def _settle(row: Sequence[Vertex], found: dict[Vertex, float], pulls: _Pulls, gap: Gap) -> None:
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + gap(left, right))
    wanted = []
    for vertex, offset in zip(row, offsets, strict=True):
        near = pulls.get(vertex) or [(vertex, 0.01)]
        weight = sum(one for _, one in near)
        mean = sum(found[other] * one for other, one in near) / weight
        wanted.append((mean - offset, weight))
    for vertex, offset, x in zip(row, offsets, _increasing(wanted), strict=True):
        found[vertex] = x + offset


def _increasing(wanted: Sequence[tuple[float, float]]) -> list[float]:
    """Return the numbers nearest to weighted ones that never decrease."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in wanted:
        mean, total, count = value, weight, 1
        while pools and pools[-1][0] > mean:
            before, more, others = pools.pop()
            mean = (before * more + mean * total) / (more + total)
            total, count = more + total, count + others
        pools.append((mean, total, count))
    return [mean for mean, _, count in pools for _ in range(count)]


def _straighten(rows: Rows, found: dict[Vertex, float], gap: Gap) -> None:
    sides: dict[Vertex, tuple[Vertex | None, Vertex | None]] = {}
    for row in rows.rows:
        padded = [None, *row, None]
        for left, vertex, right in zip(padded, row, padded[2:], strict=False):
            sides[vertex] = (left, right)

    def free(vertex: Vertex) -> tuple[float, float]:
        left, right = sides[vertex]
        low = found[left] + gap(left, vertex) if left is not None else float("-inf")
        high = found[right] - gap(vertex, right) if right is not None else float("inf")
        return low, high

    for chain in sorted(_chains(rows), key=len, reverse=True):
        start = 0
        while start < len(chain):
            low, high, end = float("-inf"), float("inf"), start
            while end < len(chain):
                one = free(chain[end])
                if max(low, one[0]) > min(high, one[1]):
                    break
                low, high, end = max(low, one[0]), min(high, one[1]), end + 1
            end = max(end, start + 1)
            run = chain[start:end]
            mean = sum(found[vertex] for vertex in run) / len(run)
            for vertex in run:
                found[vertex] = min(max(mean, low), high) if len(run) > 1 else found[vertex]
            start = end


def _chains(rows: Rows) -> Iterator[list[Vertex]]:
    """Vertices that should stand in one line: rows that a wire passes, and only neighbours."""
    above, below = neighbours(rows)

    def after(vertex: Vertex) -> Vertex | None:
        lower = below.get(vertex, [])
        if isinstance(vertex, Bend):
            bend = next((one for one in lower if isinstance(one, Bend)), None)
            if bend is not None:
                return bend
        return lower[0] if len(lower) == 1 and len(above[lower[0]]) == 1 else None

    later = {one for row in rows.rows for v in row if (one := after(v)) is not None}
    for row in rows.rows:
        for vertex in row:
            if vertex not in later:
                chain = [vertex]
                while (following := after(chain[-1])) is not None:
                    chain.append(following)
                if len(chain) > 1:
                    yield chain


def neighbours(rows: Rows) -> tuple[dict[Vertex, list[Vertex]], dict[Vertex, list[Vertex]]]:
    """Return for each vertex those above it and those below it, where there are any."""
    above: dict[Vertex, list[Vertex]] = {}
    below: dict[Vertex, list[Vertex]] = {}
    for upper, lower in rows.segments:
        below.setdefault(upper, []).append(lower)
        above.setdefault(lower, []).append(upper)
    return above, below
