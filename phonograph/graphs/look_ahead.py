"""How far beyond its own time a value depends on the input: the latency a stream cannot avoid."""

from __future__ import annotations

from collections.abc import Mapping

from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.spec import PortName
from phonograph.types.kinds import Lengths


def look_aheads(graph: SolvedGraph) -> dict[PortName, float]:
    """Add up what modules declare, from the data layer on.

    Args:
        graph: a solved graph.

    Returns:
        output port with a physical time axis -> seconds beyond a step's own time that decide its
        value; infinite where the whole utterance does.
    """
    found: dict[PortName, float] = {}
    for node in graph.nodes.values():
        seconds = _arriving(graph, node, found) + _own(node)
        for name, port in node.outputs.items():
            if port.time is not None and not isinstance(port.kind, Lengths):
                found[PortName(node.name, name)] = seconds
    return found


def _arriving(graph: SolvedGraph, node: SolvedNode, found: Mapping[PortName, float]) -> float:
    sources = (graph.wiring.source_of(PortName(node.name, port)) for port in node.inputs)
    return max((found.get(source, 0.0) for source in sources if source), default=0.0)


def _own(node: SolvedNode) -> float:
    timed = next((port.time for port in node.inputs.values() if port.time), None)
    if timed is None or not timed.steps_per_second:
        return 0.0
    return node.declaration.steps_ahead(node.parameters) / float(timed.steps_per_second)
