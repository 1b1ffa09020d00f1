"""What is written on a node's box and beside its outputs, and how much room that takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from phonograph.graphs.description import Description, NodeRow, PortRow
from phonograph.graphs.drawing.text_width import cut_to, text_width
from phonograph.graphs.quantities import milliseconds, short

NAME_SIZE, SMALL_SIZE, SHAPE_SIZE = 14.0, 11.5, 11.5
WIDEST = 300.0
LEAST = 150.0
PAD = 16.0
LINE = 16.0
LABEL_GAP = 10.0
"""Between labels that stand side by side."""
STEM = 12.0
"""From a box to the labels under it."""
SLANT = 12.0
"""Of the sides of a box for text; the corners that a loss lacks; twice the lid of a data layer."""


@dataclass(frozen=True, slots=True)
class Label:
    """What flows out of a port.

    Args:
        port: the port.
        kind: its kind.
        shape: its sizes.
        time: how often, and how far it looks ahead, or empty.
        width: of the label.
        height: of the label.
    """

    port: PortRow
    kind: str
    shape: str
    time: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its labels, not yet in its place.

    Args:
        node: the node.
        name: its name, cut to the box.
        module: its module's id, cut to the box.
        facts: further lines.
        remark: what is special, or empty.
        labels: under the box, from left to right.
        width: of the box.
        height: of the box.
    """

    node: NodeRow
    name: str
    module: str
    facts: tuple[str, ...]
    remark: str
    labels: tuple[Label, ...]
    width: float
    height: float

    @property
    def labels_width(self) -> float:
        """Of all labels together."""
        return labels_width(self.labels)

    @property
    def full_width(self) -> float:
        """Of the box and its labels."""
        return max(self.width, self.labels_width)

    @property
    def full_height(self) -> float:
        """Of the box and its labels."""
        below = max((label.height for label in self.labels), default=-STEM)
        return self.height + STEM + below

    @property
    def inset(self) -> float:
        """From the box's left side to its text."""
        return PAD + (SLANT if self.node.role == "host" else 0)


def labels_width(labels: Sequence[Label]) -> float:
    """Return how much room labels take side by side."""
    return sum(label.width for label in labels) + LABEL_GAP * max(0, len(labels) - 1)


def measure(description: Description) -> dict[str, Box]:
    """Return every node as a box; labelled are outputs that are wired, and those of views."""
    shown = {wire.source for wire in description.wires if not wire.automatic}
    last = {port for view in description.views for port in view.outputs}
    boxes = {}
    for node in description.nodes:
        ends = {port.port for port in last if port.node == node.name and node.role != "data"}
        used = {port.port for port in shown if port.node == node.name} | ends
        ports = [port for port in node.outputs if port.name in used and port.kind != "Rejected"]
        boxes[node.name] = _box(node, tuple(map(_label, ports)))
    return boxes


def _label(port: PortRow) -> Label:
    shape = port.shape.replace(" x ", " \N{MULTIPLICATION SIGN} ")
    often = f"{port.sample_rate} Hz" if port.sample_rate else ""
    if port.period_ms is not None:
        often = f"every {port.period_ms:g} ms"
    ahead = f"ahead {milliseconds(port.look_ahead_ms)}" if port.look_ahead_ms else ""
    ahead = "hears all" if port.look_ahead_ms == math.inf else ahead
    time = ", ".join(filter(None, (often, ahead)))
    first = f"{port.kind}  {shape}".strip()
    wide = max(text_width(first, SHAPE_SIZE, mono=True), text_width(time, SMALL_SIZE - 1))
    return Label(port, port.kind, shape, time, wide + 18, 36.0 if time else 21.0)


def _box(node: NodeRow, labels: tuple[Label, ...]) -> Box:
    facts = tuple(_facts(node))
    remark = ", ".join(node.remarks)
    lines = [
        text_width(node.name, NAME_SIZE, bold=True),
        text_width(node.module, SMALL_SIZE, mono=True),
        *(text_width(text, SMALL_SIZE) for text in (*facts, remark)),
    ]
    slanted = 2 * SLANT if node.role == "host" else 0
    wide = min(WIDEST, max(lines) + 2 * PAD + slanted + 1)
    width = max(LEAST, wide, min(WIDEST, labels_width(labels)))
    inside = width - 2 * PAD - slanted
    count = 2 + len(facts) + bool(remark)
    lid = SLANT if node.role == "data" else 0
    return Box(
        node=node,
        name=cut_to(node.name, inside, NAME_SIZE, bold=True),
        module=cut_to(node.module, inside, SMALL_SIZE, mono=True),
        facts=tuple(cut_to(fact, inside, SMALL_SIZE) for fact in facts),
        remark=cut_to(remark, inside, SMALL_SIZE),
        labels=labels,
        width=width,
        height=LINE * count + 20 + lid,
    )


def _facts(node: NodeRow) -> Iterable[str]:
    if node.parameters:
        yield f"{short(node.parameters)} parameters"
    if node.cost and node.cost.multiply_adds:
        yield f"{short(node.cost.multiply_adds)} multiply-adds/s"
