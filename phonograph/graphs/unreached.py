"""Weights that no training would change: nothing leads from them to the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import networkx as nx
from torch import nn

from phonograph.counted import counted
from phonograph.errors import Diagnostic
from phonograph.graphs.model import Model
from phonograph.graphs.spec import PortName, ViewSpec
from phonograph.graphs.views import View, plan_view
from phonograph.graphs.weight_names import matches_any
from phonograph.types.kinds import Hypotheses, Id, Lengths, Loss, Mask, Text, Tokens

_WITHOUT_GRADIENT = (Tokens, Lengths, Mask, Text, Hypotheses, Id)
"""Whole numbers, truth values and texts."""


def unreached_faults(model: Model) -> list[Diagnostic]:
    """Return the nodes with weights to train that lead to no loss.

    A node is reached when a gradient finds the way back to it from a loss that a view computes on
    the training data, along wires that carry real numbers. A wire of kind `Network` hands over a
    module: its weights are reached where the node that calls it is. Of unreached nodes that feed
    one another, the last is told.

    Args:
        model: the built graph, whose views were checked.
    """
    graph = model.graph
    views = [plan_view(graph, spec.name) for spec in graph.spec.views.values() if _trains(spec)]
    losses = [[port for port in view.outputs if _is_loss(model, port)] for view in views]
    if not any(losses):
        return []
    reached: set[str] = set()
    for view, ports in zip(views, losses, strict=True):
        reached |= _reached(model, view, ports)
    counts = {name: count for name, count in _left_alone(model, reached) if count}
    flow = graph.wiring.graph
    leads_on: dict[str, bool] = {}  # to another node of them
    for name in reversed(list(graph.nodes)):
        leads_on[name] = any(one in counts or leads_on[one] for one in flow.successors(name))
    last = {name: nx.ancestors(flow, name) for name in counts if not leads_on[name]}
    return [
        _fault(model, name, counts[name], [one for one in counts if one in before], reached)
        for name, before in last.items()
    ]


def _trains(spec: ViewSpec) -> bool:
    return spec.name == "train" or spec.split == "train"


def _is_loss(model: Model, port: PortName) -> bool:
    return isinstance(model.graph.output(port).kind, Loss)


def _reached(model: Model, view: View, losses: list[PortName]) -> set[str]:
    feeders: dict[str, set[str]] = {}
    for target, source in view.sources.items():
        if not isinstance(model.graph.output(source).kind, _WITHOUT_GRADIENT):
            feeders.setdefault(target.node, set()).add(source.node)
    found: set[str] = set()
    waiting = [port.node for port in losses]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += feeders.get(node, ())
    return found


def _left_alone(model: Model, reached: set[str]) -> Iterator[tuple[str, int]]:
    """Give each node with its number of weights that are neither frozen nor reached."""
    written = model.graph.spec.init.get("freeze") or []
    frozen = [one for one in written if isinstance(one, str)] if isinstance(written, list) else []
    built = {name: one for name, one in model.modules.items() if isinstance(one, nn.Module)}
    # a weight that two nodes share is reached by way of either
    trained = {id(w) for name in reached & built.keys() for w in built[name].parameters()}
    for name, module in built.items():
        if model.graph.owner(name) != name:
            continue  # told of the node that owns them
        free = (
            weight.numel()
            for key, weight in module.named_parameters()
            if weight.requires_grad and id(weight) not in trained
            if not matches_any(frozen, f"{name}.{key}")
        )
        yield name, sum(free)


def _fault(
    model: Model, name: str, count: int, before: Sequence[str], reached: set[str]
) -> Diagnostic:
    graph = model.graph
    readers = list(graph.wiring.graph.successors(name))
    causes = [f"it feeds {_named(readers)}, from where no gradient comes back"]
    if not readers:
        causes = ["it feeds no node"]
    elif idle := _idle_losses(model, name, reached):
        causes = [f"{_named(idle)} depends on it, and no view runs that on training data"]
    if before:
        lead = "leads" if len(before) == 1 else "lead"
        causes.append(f"the same holds for {_named(before)}, which {lead} only there")
    return Diagnostic(
        "PG044",
        f"training cannot change `{name}`: no loss depends on its {counted(count, 'weight')}",
        graph.spec.document.key_place("modules", name),
        causes=tuple(causes),
        help="wire it into the loss, or take it out; what comes from a checkpoint may stay frozen:"
        f"\ninit: {{from: …, freeze: [{', '.join([*before, name])}]}}",
    )


def _idle_losses(model: Model, name: str, reached: set[str]) -> list[str]:
    """Name the losses behind a node that no training computes."""
    nodes = model.graph.nodes
    behind = nx.descendants(model.graph.wiring.graph, name) - reached
    ports = [PortName(node, port) for node in behind for port in nodes[node].outputs]
    return [str(port) for port in ports if _is_loss(model, port)]


def _named(nodes: Sequence[str]) -> str:
    return " and ".join(f"`{node}`" for node in nodes)
