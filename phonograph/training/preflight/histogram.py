"""Histograms as drawings inside of a page: one row for each split, on one logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from phonograph.graphs.drawing.markup import escaped

WIDTH, LEFT, RIGHT = 640, 88, 16
ROW, GAP, AXIS = 64, 18, 34
BINS = 48


@dataclass(frozen=True, slots=True)
class Chart:
    """What a histogram shows.

    Args:
        title: what is counted, such as `seconds`.
        values: split -> values above 0.
        mark: a value to draw a line at, with its name; None for no line.
    """

    title: str
    values: Mapping[str, Sequence[float]]
    mark: tuple[float, str] | None = None


def histogram(chart: Chart) -> str:
    """Draw a histogram; empty text where there is nothing to count.

    >>> histogram(Chart("seconds", {"train": []}))
    ''
    >>> histogram(Chart("seconds", {"train": [1.0, 1.01, 9.0]})).count("<title>")
    2
    """
    rows = {split: list(values) for split, values in chart.values.items() if values}
    if not rows:
        return ""
    edges = _edges([value for values in rows.values() for value in values])
    height = len(rows) * (ROW + GAP) + AXIS
    parts = [
        f'<svg class="histogram" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escaped(chart.title)}">'
    ]
    for number, (split, values) in enumerate(rows.items()):
        parts += _row(split, values, edges, GAP + number * (ROW + GAP))
    parts += _axis(chart, edges, height - AXIS)
    return "".join([*parts, "</svg>"])


def _edges(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    if high / low < 1.5:
        low, high = low / 1.25, high * 1.25
    return [float(edge) for edge in np.geomspace(low, high * 1.0001, BINS + 1)]


def _x(value: float, edges: Sequence[float]) -> float:
    share = math.log(value / edges[0]) / math.log(edges[-1] / edges[0])
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _row(split: str, values: Sequence[float], edges: Sequence[float], top: float) -> Iterator[str]:
    counts, _ = np.histogram(values, edges)
    most = int(counts.max())
    yield f'<text class="row" x="{LEFT - 12}" y="{top + ROW - 4}">{escaped(split)}</text>'
    yield f'<text class="tick most" x="{LEFT - 12}" y="{top + 10}">{most:,}</text>'
    for count, left, right in zip(counts.tolist(), edges, edges[1:], strict=False):
        if not count:
            continue
        # one utterance stays visible beside thousands
        size = max(2.0, ROW * count / most)
        x, width = _x(left, edges), _x(right, edges) - _x(left, edges) - 1
        yield (
            f'<rect class="bar" x="{x:.1f}" y="{top + ROW - size:.1f}" width="{width:.1f}" '
            f'height="{size:.1f}" rx="1"><title>{left:.3g} to {right:.3g}: {count:,}</title></rect>'
        )
    yield f'<path class="ground" d="M{LEFT} {top + ROW + 0.5}H{WIDTH - RIGHT}"/>'


def _axis(chart: Chart, edges: Sequence[float], y: float) -> Iterator[str]:
    for value in _ticks(edges[0], edges[-1]):
        x = _x(value, edges)
        yield f'<path class="ground" d="M{x:.1f} {y}v4"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{y + 16}">{value:g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text class="tick" x="{middle}" y="{y + 31}">{escaped(chart.title)}</text>'
    if chart.mark and edges[0] < chart.mark[0] < edges[-1]:
        x = _x(chart.mark[0], edges)
        side, x_text = ("to", x - 6) if x > WIDTH / 2 else ("from", x + 6)
        yield f'<path class="limit" d="M{x:.1f} 2V{y}"/>'
        name = escaped(chart.mark[1])
        yield f'<text class="tick mark {side}" x="{x_text:.1f}" y="12">{name}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten between two values.

    >>> _ticks(0.4, 30)
    [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        value
        for decade in decades
        for step in (1, 2, 5)
        if low <= (value := step * float(f"1e{decade}")) <= high
    ]
