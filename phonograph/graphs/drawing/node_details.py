"""Everything about one node, for the side of the page: costs, ports and where sizes came from."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

from phonograph.graphs.cost import SECONDS, training_bytes
from phonograph.graphs.description import Description, NodeRow, PortRow
from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.quantities import milliseconds, short, short_bytes

TIMES = " \N{MULTIPLICATION SIGN} "


def details(description: Description) -> Iterator[str]:
    """Write an article for each node.

    Args:
        description: the whole graph.
    """
    axes = {axis.letter: axis.explained for axis in description.axes}
    for node in description.nodes:
        wires = (wire for wire in description.wires if wire.target.node == node.name)
        given = {wire.target.port: str(wire.source) for wire in wires}
        yield from _article(node, given, axes)


def shape_of(port: PortRow) -> str:
    """Write sizes for a reader."""
    return TIMES.join(map(str, port.sizes))


def every(port: PortRow) -> str:
    """How often a value comes."""
    if port.sample_rate is not None:
        return f"{port.sample_rate} Hz"
    return "" if port.period_ms is None else f"{port.period_ms:g} ms"


def ahead(port: PortRow) -> str:
    """How far a value looks ahead."""
    return milliseconds(port.look_ahead_ms) if port.look_ahead_ms else ""


def _article(node: NodeRow, given: Mapping[str, str], axes: Mapping[str, str]) -> Iterator[str]:
    yield f'<article data-about="{escaped(node.name)}">'
    yield f"<h2>{escaped(node.name)}</h2>"
    version = f" version {node.version}" if node.version != 1 else ""
    yield f"<p><code>{escaped(node.module)}</code>{version}</p>"
    if node.summary:
        yield f'<p class="summary">{escaped(node.summary)}</p>'
    yield from (f'<span class="tag">{escaped(remark)}</span>' for remark in node.remarks)
    facts = list(_facts(node))
    if facts:
        rows = "".join(f"<dt>{name}</dt><dd>{escaped(value)}</dd>" for name, value in facts)
        yield f"<dl>{rows}</dl>"
    if node.cost and node.cost.unknown:
        yield f'<p class="note">Not estimated: {escaped(node.cost.unknown)}.</p>'
    for title, ports in (("Takes", node.inputs), ("Gives", node.outputs)):
        if ports:
            sources = given if title == "Takes" else {}
            items = "".join(_port(port, sources.get(port.name), axes) for port in ports)
            yield f'<h3>{title}</h3><ul class="ports">{items}</ul>'
    if node.arguments:
        yield f'<h3>Settings</h3><div class="settings">{"".join(_settings(node))}</div>'
    yield "</article>"


def _facts(node: NodeRow) -> Iterator[tuple[str, str]]:
    if node.parameters:
        yield "Parameters", f"{node.parameters:,}"
    cost = node.cost
    if cost is None:
        return
    if cost.weights:
        yield "Weights", short_bytes(cost.weights)
    if cost.multiply_adds:
        yield "Multiply-adds a second", short(cost.multiply_adds)
    if cost.activations:
        yield f"While {SECONDS} s are computed", short_bytes(cost.activations)
    if cost.kept is not None and (cost.trained or cost.kept):
        yield "In training, with Adam", short_bytes(training_bytes([cost]))


def _port(port: PortRow, source: str | None, axes: Mapping[str, str]) -> str:
    shape = f' <span class="mono">{escaped(shape_of(port))}</span>' if port.sizes else ""
    comes = f' <span class="from">from {escaped(source)}</span>' if source else ""
    lines = list(port.origins)
    lines += [f"{size} is {axes[str(size)]}" for size in port.sizes if str(size) in axes]
    if port.counts:
        lines.append(f"counts {port.counts}")
    if port.look_ahead_ms == math.inf:
        lines.append("every value depends on the whole utterance")
    elif port.look_ahead_ms:
        lines.append(f"looks ahead {milliseconds(port.look_ahead_ms)}")
    origins = "".join(f'<span class="origin">{escaped(line)}</span>' for line in lines)
    kind = f"<b>{escaped(port.name)}</b> {escaped(port.kind)}"
    return f"<li>{kind}{shape}{comes}{origins}</li>"


def _settings(node: NodeRow) -> Iterator[str]:
    for name, value in node.arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        origin = node.origins.get(name)
        solved = f'<span class="origin">solved: {escaped(origin)}</span>' if origin else ""
        yield f"<div><b>{escaped(name)}</b> <code>{escaped(text)}</code>{solved}</div>"
