"""What the shapes of a drawing mean, on one line beneath it."""

from __future__ import annotations

from collections.abc import Iterator

from phonograph.graphs.description import Description
from phonograph.graphs.drawing.text_width import text_width

LEGEND_HEIGHT = 44.0
_WORDS = {
    "data": "data layer",
    "module": "module",
    "loss": "loss",
    "host": "text, outside of the tensor core",
    "only": "in one view only",
    "once": "computed once per utterance",
}
_SIZE, _SIGN, _START, _SPACE = 11.5, 26.0, 28.0, 26.0


def legend(description: Description, y: float) -> Iterator[str]:
    """Draw a line at the height y; only shapes that occur are explained."""
    x = _START
    for sign in _signs(description):
        moved = f'transform="translate({x:.1f} {y + 4:.1f})"'
        yield f'<g class="{_classes(sign)}" {moved}>{_SHAPES[sign]}</g>'
        yield f'<text class="legend" x="{x + _SIGN + 8:.1f}" y="{y + 16:.1f}">{_WORDS[sign]}</text>'
        x += _step(sign)


def legend_width(description: Description) -> float:
    """How wide that line is."""
    return _START + sum(map(_step, _signs(description)))


def _signs(description: Description) -> list[str]:
    present = {node.role for node in description.nodes}
    present |= {"only"} if any(node.only for node in description.nodes) else set()
    present |= {"once"} if description.prefix else set()
    return [sign for sign in _WORDS if sign in present]


def _step(sign: str) -> float:
    return _SIGN + 8 + text_width(_WORDS[sign], _SIZE) + _SPACE


def _classes(sign: str) -> str:
    return {"only": "node module only", "once": "region"}.get(sign, f"node {sign}")


_SHAPES = {
    "data": (
        '<path class="body" d="M0.5 3.5a12.5 3 0 0 1 25 0V13a12.5 3 0 0 1-25 0z"/>'
        '<path class="lid" d="M0.5 3.5a12.5 3 0 0 0 25 0"/>'
    ),
    "module": '<rect class="body" x="0.5" y="0.5" width="25" height="15" rx="4"/>',
    "loss": '<path class="body" d="M5.5 .5H20.5L25.5 5.5V10.5L20.5 15.5H5.5L.5 10.5V5.5z"/>',
    "host": '<path class="body" d="M6 .5H25.5L20 15.5H.5z"/>',
    "only": '<rect class="body" x="0.5" y="0.5" width="25" height="15" rx="4"/>',
    "once": '<rect class="once" x="0.5" y="0.5" width="25" height="15" rx="4"/>',
}
