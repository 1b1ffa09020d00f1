"""Order rows so that few wires cross: sweeps by the middle of neighbours, then exchanges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from phonograph.graphs.drawing.vertices import Vertex

SWEEPS = 24
MOST_EXCHANGED = 1500
"""Segments, beyond which neighbours are not exchanged one by one: it would take seconds."""

_Near = Mapping[Vertex, Sequence[Vertex]]
_Rows = list[list[Vertex]]


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


def ordered(rows: _Rows, segments: Sequence[tuple[Vertex, Vertex]]) -> _Rows:
    """Return the rows in an order with fewer crossings.

    Args:
        rows: from top to bottom.
        segments: pairs of vertices in neighbouring rows, upper one first.
    """
    above: dict[Vertex, list[Vertex]] = {}
    below: dict[Vertex, list[Vertex]] = {}
    for upper, lower in segments:
        below.setdefault(upper, []).append(lower)
        above.setdefault(lower, []).append(upper)
    best, fewest = rows, crossings(rows, segments)
    for start in (rows, [row[::-1] for row in rows]):
        now = [list(row) for row in start]
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            order = range(1, len(now)) if down else range(len(now) - 2, -1, -1)
            for number in order:
                fixed = now[number - 1 if down else number + 1]
                now[number] = _by_middle(now[number], fixed, above if down else below)
            if len(segments) <= MOST_EXCHANGED:
                _exchange(now, above, below)
            count = crossings(now, segments)
            if count < fewest:
                best, fewest = [list(row) for row in now], count
    return best


def _by_middle(row: list[Vertex], fixed: list[Vertex], near: _Near) -> list[Vertex]:
    """Order a row by the mean place of neighbours; what has none keeps its place."""
    place = {vertex: at / max(1, len(fixed) - 1) for at, vertex in enumerate(fixed)}
    own = {vertex: at / max(1, len(row) - 1) for at, vertex in enumerate(row)}

    def middle(vertex: Vertex) -> float:
        places = [place[other] for other in near.get(vertex, ())]
        return sum(places) / len(places) if places else own[vertex]

    return sorted(row, key=middle)


def _exchange(rows: _Rows, above: _Near, below: _Near) -> None:
    """Exchange neighbours in a row as long as that removes crossings."""
    place = {vertex: at for row in rows for at, vertex in enumerate(row)}
    better = True
    while better:
        better = False
        for row in rows:
            for at in range(len(row) - 1):
                left, right = row[at], row[at + 1]
                gain = sum(
                    _crossed(near.get(left, ()), near.get(right, ()), place)
                    - _crossed(near.get(right, ()), near.get(left, ()), place)
                    for near in (above, below)
                )
                if gain > 0:
                    row[at], row[at + 1] = right, left
                    place[left], place[right] = at + 1, at
                    better = True


def _crossed(left: Sequence[Vertex], right: Sequence[Vertex], place: Mapping[Vertex, int]) -> int:
    return sum(place[one] > place[other] for one in left for other in right)
