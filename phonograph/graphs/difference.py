"""Compare two graphs by meaning: how they are written down makes no difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from phonograph.graphs.changes import Change, changes
from phonograph.graphs.model import Model, sketch
from phonograph.graphs.node_difference import (
    NodeDifference,
    Side,
    node_added,
    node_difference,
    node_removed,
)
from phonograph.graphs.renames import in_new_names, renames
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import PortName, ViewSpec
from phonograph.graphs.views import without_lengths
from phonograph.graphs.weight_difference import WeightDifference, weight_difference


@dataclass(frozen=True, slots=True)
class Difference:
    """How a second graph differs from a first.

    Args:
        names: the names of the two graphs.
        nodes: the nodes that differ, in the order in which data flows.
        views: what differs in views, such as `infer.run`.
        weights: which weights of the first could start the second.
        parameters: node -> its number of weights before and after; neither buffers nor
            the weights of another node are counted.
        totals: the numbers of weights of the two graphs, shared ones once.
    """

    names: tuple[str, str]
    nodes: tuple[NodeDifference, ...]
    views: tuple[Change, ...]
    weights: WeightDifference
    parameters: Mapping[str, tuple[int, int]]
    totals: tuple[int, int]

    @property
    def is_same(self) -> bool:
        """Whether the two mean the same."""
        renamed = self.names[0] != self.names[1]
        return not (renamed or self.nodes or self.views or self.weights.differs)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "names": list(self.names),
            "nodes": [
                {**node.to_json(), "parameters": list(self.parameters.get(node.name, (0, 0)))}
                for node in self.nodes
            ],
            "views": [change.to_json() for change in self.views],
            "parameters": list(self.totals),
            "weights": self.weights.to_json(),
        }


def difference(
    before: SolvedGraph,
    after: SolvedGraph,
    weights_before: Mapping[str, Tensor] | None = None,
    weights_after: Mapping[str, Tensor] | None = None,
) -> Difference:
    """Compare two solved graphs, and their weights where there are any.

    The order of nodes, the spelling of the YAML, defaults that are written out and names in `vars`
    are no differences. Paths count unless one of the two comes from a bundle.

    Args:
        before: a solved graph.
        after: another one.
        weights_before: the first one's weights, if it comes from a bundle.
        weights_after: the second one's weights, likewise.
    """
    renamed = renames(before, after)
    sketches = sketch(before), sketch(after)
    owners = {
        renamed.get(name, name): renamed.get(owner, owner)
        for name, owner in _owners(before).items()
    }
    one = Side(before, weights_before is not None, owners)
    two = Side(after, weights_after is not None, _owners(after))
    return Difference(
        names=(before.name, after.name),
        nodes=tuple(_nodes(one, two, renamed)),
        views=tuple(changes(_views(before, renamed), _views(after, {}))),
        weights=weight_difference(
            _weights(sketches[0], weights_before),
            _weights(sketches[1], weights_after),
            {*before.nodes, *after.nodes},
        ),
        parameters=_parameters(*sketches, renamed),
        totals=(_total(sketches[0]), _total(sketches[1])),
    )


def _owners(graph: SolvedGraph) -> dict[str, str]:
    """Return each node that uses the weights of another -> the node that owns them."""
    return {node.name: node.use for node in graph.nodes.values() if node.use is not None}


def _nodes(before: Side, after: Side, renamed: Mapping[str, str]) -> list[NodeDifference]:
    """Compare node by node; those that were removed come last."""
    found: list[NodeDifference | None] = []
    old_names = {new: old for old, new in renamed.items()}
    for name in after.graph.nodes:
        old = old_names.get(name, name)
        if old in before.graph.nodes:
            found.append(node_difference(before, after, old, name, renamed))
        else:
            found.append(node_added(after, name))
    kept = {*renamed, *after.graph.nodes}
    found += [node_removed(before, name) for name in before.graph.nodes if name not in kept]
    return [node for node in found if node is not None]


def _views(graph: SolvedGraph, renamed: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    return {name: _view(graph, view, renamed) for name, view in graph.spec.views.items()}


def _view(graph: SolvedGraph, view: ViewSpec, renamed: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"run": _spelt(view.run, renamed)}
    if view.feed:
        told["feed"] = _spelt(without_lengths(graph, view.feed), renamed)
    if view.split:
        told["split"] = view.split
    if view.score:
        pairs = view.score.items()
        told["score"] = {
            metric: [str(in_new_names(port, renamed)) for port in pair] for metric, pair in pairs
        }
    return told


def _spelt(ports: tuple[PortName, ...], renamed: Mapping[str, str]) -> list[str]:
    return sorted({str(in_new_names(port, renamed)) for port in ports})


def _weights(model: Model, given: Mapping[str, Tensor] | None) -> Mapping[str, Tensor]:
    return model.module.state_dict() if given is None else given


def _parameters(
    before: Model, after: Model, renamed: Mapping[str, str]
) -> dict[str, tuple[int, int]]:
    counts = {renamed.get(name, name): n for name, n in _own_parameters(before)}
    others = dict(_own_parameters(after))
    names = dict.fromkeys([*others, *counts])
    return {name: (counts.get(name, 0), others.get(name, 0)) for name in names}


def _own_parameters(model: Model) -> Iterator[tuple[str, int]]:
    counts = model.parameter_counts().items()
    return ((name, count) for name, count in counts if model.graph.nodes[name].use is None)


def _total(model: Model) -> int:
    return sum(weight.numel() for weight in model.module.parameters())
