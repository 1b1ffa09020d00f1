"""Nodes that are most likely the same under another name: same module, settings and wiring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phonograph.graphs.changes import comparable
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import PortName
from phonograph.types.kinds import Lengths

Feeders = dict[str, tuple[PortName, ...]]


def renames(before: SolvedGraph, after: SolvedGraph) -> dict[str, str]:
    """Return the old name -> the new name of every node that only changed its name.

    Nodes are compared in the order in which data flows, so that a chain of renamed nodes is found.

    Args:
        before: a solved graph.
        after: another one.
    """
    found: dict[str, str] = {}
    left = {name: _likeness(after, name) for name in after.nodes if name not in before.nodes}
    for name in before.nodes:
        if name not in after.nodes:
            wanted = _likeness(before, name, found)
            match = next((other for other, likeness in left.items() if likeness == wanted), None)
            if match is not None:
                found[name] = match
                del left[match]
    return found


def sources_of(graph: SolvedGraph, node: str, renamed: Mapping[str, str]) -> Feeders:
    """Return input port -> what feeds it, by the new names of nodes.

    Lengths beside a tensor are left out: which output states them makes no difference.
    """
    kinds = graph.nodes[node].declaration.ports.inputs
    only_lengths = all(isinstance(kind, Lengths) for kind in kinds.values())
    sources: Feeders = {}
    for *_, wire in graph.wiring.graph.in_edges(node, data="wire"):
        port = wire.target.port
        if only_lengths or not isinstance(kinds[port], Lengths):
            sources[port] = (*sources.get(port, ()), in_new_names(wire.source, renamed))
    return sources


def in_new_names(port: PortName, renamed: Mapping[str, str]) -> PortName:
    """Return a port by the new name of its node."""
    return PortName(renamed.get(port.node, port.node), port.port)


def _likeness(
    graph: SolvedGraph, name: str, renamed: Mapping[str, str] | None = None
) -> tuple[Any, ...]:
    node = graph.nodes[name]
    settings = {key: comparable(value, paths=False) for key, value in node.parameters.items()}
    return node.declaration.id, settings, node.only, sources_of(graph, name, renamed or {})
