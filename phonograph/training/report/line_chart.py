"""A line chart as SVG inside of a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from phonograph.graphs.drawing.markup import escaped

WIDTH, HEIGHT = 520, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 14, 40
_MOST = 400
"""Points of a line; more cannot be told apart."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over a common axis.

    Args:
        title: what is shown.
        across: what the horizontal axis counts.
        lines: name -> points from left to right; what is not finite is left out.
    """

    title: str
    across: str
    lines: Mapping[str, Points]


def line_chart(chart: LineChart) -> str:
    """Draw the lines, with ticks, a legend, and each value as a tooltip; empty without points.

    >>> line_chart(LineChart("loss", "step", {"train": []}))
    ''
    >>> "<circle" in line_chart(LineChart("loss", "step", {"train": [(1, 2.0)]}))
    True
    """
    lines = {name: _thinned(points) for name, points in chart.lines.items()}
    lines = {name: points for name, points in lines.items() if points}
    every = [point for points in lines.values() for point in points]
    if not every:
        return ""
    return "\n".join(_drawn(chart, lines, _Frame.around(every)))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers between two.

    >>> ticks(0, 10)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    if not high > low:
        return [low]
    rough = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    right: float
    low: float
    high: float

    @classmethod
    def around(cls, points: Points) -> _Frame:
        across, up = [x for x, _ in points], [y for _, y in points]
        low, high = min(0.0, *up), max(0.0, *up)
        if high <= low:
            high = low + 1
        left, right = min(0.0, *across), max(across)
        return cls(left, right if right > left else left + 1, low, high + (high - low) * 0.04)

    def x(self, value: float) -> float:
        return _LEFT + (value - self.left) / (self.right - self.left) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _drawn(chart: LineChart, lines: Mapping[str, Points], frame: _Frame) -> Iterator[str]:
    label = escaped(f"{chart.title} over {chart.across}")
    yield f'<figure class="chart"><figcaption><b>{escaped(chart.title)}</b>'
    if len(lines) > 1:
        for number, name in enumerate(lines):
            yield f'<span class="key line{number % 4}">{escaped(name)}</span>'
    yield f'</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
    for value in ticks(frame.low, frame.high):
        y = frame.y(value)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
        yield f'<text class="tick end" x="{_LEFT - 8}" y="{y + 4:.1f}">{value:.4g}</text>'
    for value in ticks(frame.left, frame.right):
        x = frame.x(value)
        yield f'<text class="tick mid" x="{x:.1f}" y="{HEIGHT - _BOTTOM + 18}">{value:,.9g}</text>'
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    yield f'<text class="tick mid" x="{middle}" y="{HEIGHT - 4}">{escaped(chart.across)}</text>'
    for number, (name, points) in enumerate(lines.items()):
        yield from _line(name, points, frame, number % 4)
    yield "</svg></figure>"


def _line(name: str, points: Points, frame: _Frame, number: int) -> Iterator[str]:
    path = "L".join(f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in points)
    yield f'<path class="curve line{number}" d="M{path}"/>'
    size = 3 if len(points) <= 40 else 1.5
    shown = points if len(points) <= 120 else points[:: len(points) // 120]
    for x, y in shown:
        yield (
            f'<circle class="dot line{number}" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" '
            f'r="{size}"><title>{escaped(name)}: {y:.5g} at {x:,.9g}</title></circle>'
        )


def _thinned(points: Points) -> Points:
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    step = math.ceil(len(finite) / _MOST)
    if step <= 1:
        return finite
    groups = [finite[start : start + step] for start in range(0, len(finite), step)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]
