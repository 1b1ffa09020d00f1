"""The frozen, deterministic prefix: the nodes whose outputs training cannot change.

Everything before the first trainable or random node gives the same values for an utterance in every
epoch, so it may be computed once. The prefix and what remains are two more views of the same graph,
which meet at the boundary.
"""

from __future__ import annotations

from dataclasses import dataclass

from phonograph.graphs.model import Model
from phonograph.graphs.solved import Extent, SolvedGraph
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View, cut, lengths_of, plan_view
from phonograph.graphs.weight_names import frozen_nodes
from phonograph.types.kinds import Lengths


@dataclass(frozen=True, slots=True)
class Prefix:
    """A view cut in two.

    Args:
        nodes: nodes of the prefix, in order.
        boundary: ports between the prefix and the rest, with the lengths of their axes.
        head: computes the boundary from the view's inputs.
        rest: computes the view's outputs from the boundary and the other inputs.
    """

    nodes: tuple[str, ...]
    boundary: tuple[PortName, ...]
    head: View
    rest: View


def find_prefix(model: Model, view_name: str) -> Prefix | None:
    """Cut a view after its frozen, deterministic prefix; None when nothing can be saved."""
    graph = model.graph
    view = plan_view(graph, view_name)
    unchanging = _unchanging(model, view)
    crossing = [
        source
        for target, source in view.sources.items()
        if source.node in unchanging and target.node not in unchanging
    ]
    crossing += [port for port in view.outputs if port.node in unchanging]
    if not crossing or unchanging.issuperset(view.core):
        return None
    boundary = tuple(dict.fromkeys([*crossing, *_lengths(graph, crossing)]))
    spec = graph.spec.views[view_name]
    return Prefix(
        nodes=tuple(name for name in view.core if name in unchanging),
        boundary=boundary,
        head=cut(graph, spec, boundary),
        rest=cut(graph, spec, view.outputs, boundary),
    )


def prefix_nodes(model: Model) -> tuple[str, ...]:
    """Return the prefix of the `train` view, empty without one."""
    if "train" not in model.graph.spec.views:
        return ()
    prefix = find_prefix(model, "train")
    return prefix.nodes if prefix else ()


def _unchanging(model: Model, view: View) -> set[str]:
    frozen = frozen_nodes(model)
    counts = model.parameter_counts()
    feeders: dict[str, set[str]] = {name: set() for name in view.nodes}
    for target, source in view.sources.items():
        feeders[target.node].add(source.node)
    found: set[str] = set()
    for name in view.core:
        declaration = model.graph.nodes[name].declaration
        given = {port.node for port in view.inputs}
        still = counts.get(name) == 0 or name in frozen
        still = still and all(
            "B" in kind.axes.split() for kind in declaration.ports.returned.values()
        )
        if still and not model.graph.nodes[name].random and feeders[name] <= found | given:
            found.add(name)
    return found


def _lengths(graph: SolvedGraph, ports: list[PortName]) -> list[PortName]:
    """The lengths of every time and label axis that crosses the boundary."""
    stated = []
    for port in ports:
        solved = graph.output(port)
        if not isinstance(solved.kind, Lengths):
            stated += [lengths_of(graph, size) for size in solved.sizes if isinstance(size, Extent)]
    return [port for port in stated if port is not None]
