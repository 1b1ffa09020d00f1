"""Put boxes in their places and lead wires between them, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from phonograph.graphs.description import Description, WireRow
from phonograph.graphs.drawing.boxes import LABEL_GAP, STEM, Box, Label, measure
from phonograph.graphs.drawing.columns import place_columns
from phonograph.graphs.drawing.layers import Rows, arrange
from phonograph.graphs.drawing.relax import relax
from phonograph.graphs.drawing.vertices import Bend, Vertex, Wire

MARGIN = 28.0
ROOM = 1300.0
"""Width of a row; further boxes stand in the next, wires that pass do not count."""
BETWEEN_BOXES, BETWEEN_BENDS = 34.0, 18.0
ROW_GAP, MOST_GAP = 44.0, 110.0
ONCE_PAD, ONCE_TITLE = 14.0, 22.0
"""Around the nodes that are computed once, and for the words at their left."""

Region = tuple[float, float, float, float]
"""Left, top, right and bottom."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box with its upper left corner."""

    box: Box
    x: float
    y: float

    @property
    def middle(self) -> float:
        """Of the box, from the left."""
        return self.x + self.box.width / 2

    def labels(self) -> list[tuple[Label, float, float]]:
        """Every label with its upper left corner."""
        x, y = self.middle - self.box.labels_width / 2, self.y + self.box.height + STEM
        placed = []
        for label in self.box.labels:
            placed.append((label, x, y))
            x += label.width + LABEL_GAP
        return placed

    @property
    def extent(self) -> Region:
        """The box with its labels."""
        half = self.box.full_width / 2
        bottom = self.y + self.box.full_height
        return self.middle - half, self.y, self.middle + half, bottom


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a wire; wires that carry the same share their parts.

    Args:
        source: the port it starts from.
        targets: the ports that it leads to.
        label: kind and shape of what flows.
        start: its upper end.
        end: its lower end, straight below it within a row, anywhere between two rows.
        last: whether it ends at a box.
    """

    source: str
    targets: tuple[str, ...]
    label: str
    start: Point
    end: Point
    last: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing.

    Args:
        width: of everything.
        height: of everything.
        boxes: by node.
        wires: the lines between them, in parts.
        once: around what is computed once per utterance.
    """

    width: float
    height: float
    boxes: Mapping[str, PlacedBox]
    wires: tuple[Piece, ...]
    once: tuple[Region, ...]


def lay_out(description: Description) -> Picture:
    """Lay out a description; wires of lengths, which come along with a tensor, are left out."""
    boxes = measure(description)
    drawn = {wire: _plain(wire) for wire in description.wires if not wire.automatic}
    hidden = [_plain(wire) for wire in description.wires if wire.automatic]
    once = frozenset(description.prefix)
    gaps = _Gaps(boxes, once)
    widths = {name: gaps(name, name) for name in boxes}
    rows = arrange(widths, list(dict.fromkeys(drawn.values())), hidden, room=ROOM)
    boxes = _in_order_of_targets(boxes, rows)
    middles = relax(rows, place_columns(rows, gaps), gaps)
    bands = _bands(rows, boxes, middles, spacious=bool(once))
    placed = {
        name: PlacedBox(boxes[name], middles[name] - boxes[name].width / 2, bands[number].top)
        for number, row in enumerate(rows.rows)
        for name in row
        if not isinstance(name, Bend)
    }
    lines = _lines(drawn, rows, placed, middles, bands)
    return _framed(placed, lines, _regions(placed, once))


def _plain(wire: WireRow) -> Wire:
    return Wire(wire.source.node, wire.source.port, wire.target.node)


@dataclass(frozen=True, slots=True)
class _Band:
    """From where to where a row reaches."""

    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class _Gaps:
    """The least distance between the middles of neighbours."""

    boxes: Mapping[str, Box]
    once: frozenset[str]

    def __call__(self, left: Vertex, right: Vertex) -> float:
        bends = isinstance(left, Bend) and isinstance(right, Bend)
        return self._half(left) + self._half(right) + (BETWEEN_BENDS if bends else BETWEEN_BOXES)

    def _half(self, vertex: Vertex) -> float:
        if isinstance(vertex, Bend):
            return 0.0
        around = ONCE_PAD + ONCE_TITLE if vertex in self.once else 0.0
        return self.boxes[vertex].full_width / 2 + around


def _in_order_of_targets(boxes: Mapping[str, Box], rows: Rows) -> dict[str, Box]:
    """Sort the labels of each box so that wires leave it without crossing."""
    place = {vertex: at for row in rows.rows for at, vertex in enumerate(row)}
    aims: dict[str, list[int]] = {}
    for wire, path in rows.paths.items():
        aims.setdefault(wire.key, []).append(place[path[1]])

    def aim(name: str, label: Label) -> float:
        found = aims.get(f"{name}.{label.port.name}")
        return sum(found) / len(found) if found else float(len(place))

    return {
        name: replace(box, labels=tuple(sorted(box.labels, key=lambda one: aim(name, one))))
        for name, box in boxes.items()
    }


def _bands(
    rows: Rows, boxes: Mapping[str, Box], middles: Mapping[Vertex, float], *, spacious: bool
) -> list[_Band]:
    level = {vertex: number for number, row in enumerate(rows.rows) for vertex in row}
    far = [0.0] * len(rows.rows)
    for upper, lower in rows.segments:
        far[level[upper]] = max(far[level[upper]], abs(middles[upper] - middles[lower]))
    bands, y = [], 0.0
    for number, row in enumerate(rows.rows):
        tall = max((boxes[v].full_height for v in row if not isinstance(v, Bend)), default=0.0)
        bands.append(_Band(y, y + tall))
        least = ROW_GAP + (ONCE_PAD if spacious else 0)
        y += tall + min(MOST_GAP, least + far[number] / 12)
    return bands


def _lines(
    drawn: Mapping[WireRow, Wire],
    rows: Rows,
    placed: Mapping[str, PlacedBox],
    middles: Mapping[Vertex, float],
    bands: Sequence[_Band],
) -> tuple[Piece, ...]:
    starts = {
        f"{name}.{label.port.name}": (x + label.width / 2, y + label.height)
        for name, box in placed.items()
        for label, x, y in box.labels()
    }
    ends = _ends(rows, placed, middles, starts)
    level = {vertex: number for number, row in enumerate(rows.rows) for vertex in row}
    pieces: dict[tuple[str, Point, Point], Piece] = {}
    for row, wire in drawn.items():
        start, (first, *bends, _) = starts[wire.key], rows.paths[wire]
        points = [start, (start[0], bands[level[first]].bottom)]
        for bend in bends:
            band = bands[level[bend]]
            points += [(middles[bend], band.top), (middles[bend], band.bottom)]
        points.append(ends[wire])
        for upper, lower in pairwise(points):
            known = pieces.get((wire.key, upper, lower))
            targets = (*(known.targets if known else ()), str(row.target))
            last = lower == points[-1]
            piece = Piece(str(row.source), targets, row.label, upper, lower, last)
            pieces[wire.key, upper, lower] = piece
    return tuple(pieces.values())


def _ends(
    rows: Rows,
    placed: Mapping[str, PlacedBox],
    middles: Mapping[Vertex, float],
    starts: Mapping[str, Point],
) -> dict[Wire, Point]:
    """Spread the wires that arrive at a box over its upper side, from left to right."""
    arriving: dict[str, list[Wire]] = {}
    for wire in rows.paths:
        arriving.setdefault(wire.target, []).append(wire)

    def comes_from(wire: Wire) -> float:
        before = rows.paths[wire][-2]
        return middles[before] if isinstance(before, Bend) else starts[wire.key][0]

    ends = {}
    for name, wires in arriving.items():
        box = placed[name]
        step = min(28.0, (box.box.width - 60) / max(1, len(wires) - 1))
        for at, wire in enumerate(sorted(wires, key=comes_from)):
            ends[wire] = (box.middle + step * (at - (len(wires) - 1) / 2), box.y)
    return ends


def _regions(placed: Mapping[str, PlacedBox], once: frozenset[str]) -> tuple[Region, ...]:
    """One region around what is computed once, or several where others stand in between."""
    if not once:
        return ()
    whole = _around([placed[name].extent for name in once])
    others = (box.extent for name, box in placed.items() if name not in once)
    if any(_overlap(whole, other) for other in others):
        return tuple(_around([placed[name].extent]) for name in placed if name in once)
    return (whole,)


def _around(extents: Sequence[Region]) -> Region:
    left, top, right, bottom = zip(*extents, strict=True)
    return (
        min(left) - ONCE_PAD - ONCE_TITLE,
        min(top) - ONCE_PAD,
        max(right) + ONCE_PAD,
        max(bottom) + ONCE_PAD,
    )


def _overlap(one: Region, other: Region) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def _framed(
    placed: Mapping[str, PlacedBox], lines: Sequence[Piece], regions: Sequence[Region]
) -> Picture:
    """Move everything so that it begins at the margin."""
    extents = [*(box.extent for box in placed.values()), *regions]
    xs = [x for line in lines for x, _ in (line.start, line.end)]
    left = min([extent[0] for extent in extents] + xs, default=0.0) - MARGIN
    top = min((extent[1] for extent in extents), default=0.0) - MARGIN
    right = max([extent[2] for extent in extents] + xs, default=0.0) + MARGIN
    bottom = max((extent[3] for extent in extents), default=0.0) + MARGIN
    return Picture(
        width=right - left,
        height=bottom - top,
        boxes={n: replace(box, x=box.x - left, y=box.y - top) for n, box in placed.items()},
        wires=tuple(_moved(line, left, top) for line in lines),
        once=tuple((a - left, b - top, c - left, d - top) for a, b, c, d in regions),
    )


def _moved(piece: Piece, left: float, top: float) -> Piece:
    (x, y), (end_x, end_y) = piece.start, piece.end
    return replace(piece, start=(x - left, y - top), end=(end_x - left, end_y - top))
