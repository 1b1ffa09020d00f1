"""How far beyond its own time a value depends on the input: the latency a stream cannot avoid."""

from __future__ import annotations

from collections.abc import Mapping

from phonograph.graphs.parameters import is_open
from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.spec import PortName
from phonograph.types.kinds import Lengths


def look_aheads(graph: SolvedGraph) -> dict[PortName, float]:
    """Add up what modules declare, from the data layer on.

    Args:
        graph: a solved graph.

    Returns:
        output port with a physical time axis -> seconds beyond a step's own time that decide its
        value; infinite where the whole utterance does. What depends on a `???` is left out.
    """
    found: dict[PortName, float | None] = {}
    for node in graph.nodes.values():
        before, own = _arriving(graph, node, found), _own(node)
        seconds = None if before is None or own is None else before + own
        for name, port in node.outputs.items():
            if port.time is not None and not isinstance(port.kind, Lengths):
                found[PortName(node.name, name)] = seconds
    return {port: seconds for port, seconds in found.items() if seconds is not None}


def _arriving(
    graph: SolvedGraph, node: SolvedNode, found: Mapping[PortName, float | None]
) -> float | None:
    sources = (graph.wiring.source_of(PortName(node.name, port)) for port in node.inputs)
    known = [found.get(source, 0.0) for source in sources if source]
    return max((s for s in known if s is not None), default=0.0) if None not in known else None


def _own(node: SolvedNode) -> float | None:
    timed = next((port.time for port in node.inputs.values() if port.time), None)
    if timed is None or not timed.steps_per_second:
        return 0.0
    if node.declaration.look_ahead and any(map(is_open, node.parameters.values())):
        return None
    return node.declaration.steps_ahead(node.parameters) / float(timed.steps_per_second)
