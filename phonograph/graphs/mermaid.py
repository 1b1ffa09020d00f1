"""A described graph as a Mermaid flowchart, which code hosts and editors draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from phonograph.graphs.description import Description, NodeRow, WireRow

PREFIX_TITLE = "frozen prefix: computed once per utterance"


def to_mermaid(description: Description) -> str:
    """Draw a graph from left to right.

    Nodes of the tensor core are boxes, data layers are drums, nodes that handle text lean to one
    side. Lengths that come along with their tensor are not drawn.

    Args:
        description: a graph or one of its views.

    Returns:
        text that starts with `flowchart LR` and ends without a line break.
    """
    cached = set(description.prefix)
    inside = (_node(node) for node in description.nodes if node.name in cached)
    outside = (_node(node) for node in description.nodes if node.name not in cached)
    lines = chain(
        ["flowchart LR"],
        _subgraph(inside) if cached else (),
        (f"  {line}" for line in outside),
        (f"  {_edge(wire)}" for wire in description.wires if not wire.automatic),
        _dashes(description.nodes),
    )
    return "\n".join(lines)


def quoted(text: str) -> str:
    """Quote a label, so that nothing in it is read as Mermaid.

    >>> quoted('a "b" <c>')
    '"a #quot;b#quot; #lt;c#gt;"'
    """
    escaped = text.replace("#", "#35;").replace('"', "#quot;")
    return '"' + escaped.replace("<", "#lt;").replace(">", "#gt;") + '"'


def _subgraph(nodes: Iterable[str]) -> Iterator[str]:
    yield f"  subgraph prefix [{quoted(PREFIX_TITLE)}]"
    yield from (f"    {line}" for line in nodes)
    yield "  end"


def _node(node: NodeRow) -> str:
    label = f"{quoted(node.name)[:-1]}<br/>{quoted(_second_line(node))[1:]}"
    if not node.inputs:
        return f"{_id(node.name)}[({label})]"
    return f"{_id(node.name)}[/{label}/]" if node.host else f"{_id(node.name)}[{label}]"


def _second_line(node: NodeRow) -> str:
    return f"{node.module}, {node.only} only" if node.only else node.module


def _id(name: str) -> str:
    # a bare `end`, `graph` or `style` would be read as Mermaid's own word
    return f"n_{name.replace('.', '__')}"


def _edge(wire: WireRow) -> str:
    return f"{_id(wire.source.node)} -->|{quoted(wire.label)}| {_id(wire.target.node)}"


def _dashes(nodes: Iterable[NodeRow]) -> Iterator[str]:
    return (f"  style {_id(node.name)} stroke-dasharray: 4 3" for node in nodes if node.only)
