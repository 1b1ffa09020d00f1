"""Estimate what every node costs, by calling it on shapes alone.

Every node is called by itself with inputs of the sizes that were solved, so that one that cannot
be called leaves the estimates of the others as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn

from phonograph.graphs.cost import SECONDS, NodeCost
from phonograph.graphs.model import Model
from phonograph.graphs.shape_pass import ShapePass, WholeRecurrences, kept_bytes, tensors_in
from phonograph.graphs.solved import Extent, SolvedGraph, SolvedNode, SolvedPort
from phonograph.graphs.spec import PortName
from phonograph.graphs.weight_names import matches_any
from phonograph.types.axes import Role, role_of
from phonograph.types.kinds import Durations, Lengths, Mask, Network, Tokens
from phonograph.types.ports import grouped
from phonograph.types.terms import evaluate, names_in
from phonograph.types.vocabulary import Vocabulary

CHARACTERS_A_SECOND = 15
PIECES_A_SECOND = 5
MOST_CHARACTERS = 100
"""Tokens of a larger vocabulary are taken for pieces of words."""


def estimate_costs(model: Model) -> dict[str, NodeCost]:
    """Estimate what every node costs.

    Args:
        model: a graph built on the device `meta`; parts of it may be left open.

    Returns:
        node -> its cost; where that cannot be known it says why.
    """
    changing: set[str] = set()
    known: dict[str, NodeCost] = {}
    costs = {}
    for node in model.graph.nodes.values():
        ports = (PortName(node.name, name) for name in node.inputs)
        feeders = {s.node for port in ports if (s := model.graph.wiring.source_of(port))}
        learns = bool(feeders & changing)
        costs[node.name] = _cost(model, node, known, learns=learns)
        if learns or costs[node.name].trained:
            changing.add(node.name)
    return costs


def _cost(model: Model, node: SolvedNode, known: dict[str, NodeCost], *, learns: bool) -> NodeCost:
    """Return the cost of a node.

    Args:
        model: the graph.
        node: one of its nodes.
        known: what is known about others, and then about this one; equal ones cost the same.
        learns: whether gradients pass through it.
    """
    built = model.modules.get(node.name)
    if node.declaration.is_source:
        return NodeCost(0)
    if built is None:
        return NodeCost(0, unknown="it waits for a `???`")
    if not isinstance(built, nn.Module):
        return NodeCost(0, unknown="it handles text")
    patterns = model.graph.spec.init.get("freeze") or []
    named, owner = list(built.named_parameters()), model.graph.owner(node.name)
    frozen = [w for key, w in named if matches_any(patterns, f"{owner}.{key}")]
    weights = sum(map(_bytes, [*built.parameters(), *built.buffers()]))
    trained = sum(map(_bytes, built.parameters())) - sum(map(_bytes, frozen))
    if node.declaration.is_host:
        return NodeCost(weights, trained, unknown="it handles text")
    try:
        given = _Recording(model).inputs(node)
        key = repr((node.declaration.id, node.parameters, _shapes(given), trained, learns))
        if key not in known:
            with _as_trained(built, frozen):
                known[key] = _run(built, given, NodeCost(weights, trained), learns=learns)
        return known[key]
    except Exception as error:  # noqa: BLE001 - modules fail in many ways where values are missing
        reason = f"it does not run on shapes alone: {error}".partition("\n")[0]
        return NodeCost(weights, trained, unknown=reason)


def _shapes(given: Mapping[str, Any]) -> list[Any]:
    return [
        (name, value.dtype, tuple(value.shape)) if isinstance(value, Tensor) else (name, id(value))
        for name, value in given.items()
    ]


def _run(built: nn.Module, given: Mapping[str, Any], start: NodeCost, *, learns: bool) -> NodeCost:
    inputs = [value for value in given.values() if isinstance(value, Tensor)]
    there = [*built.parameters(), *built.buffers(), *inputs]
    built.eval()
    with torch.no_grad(), ShapePass(there) as counts, WholeRecurrences(counts):
        outputs = sum(map(_bytes, tensors_in(built(**grouped(given)))))
    kept = 0
    if start.trained or learns:
        built.train()
        if learns:
            given = {name: _with_gradient(value) for name, value in given.items()}
        with ShapePass(there) as passed, WholeRecurrences(passed) as whole:
            kept = kept_bytes(there, lambda: built(**grouped(given))) + whole.kept
    return NodeCost(
        weights=start.weights,
        trained=start.trained,
        multiply_adds=counts.multiply_adds / SECONDS,
        activations=counts.peak,
        outputs=outputs,
        kept=kept,
    )


@contextmanager
def _as_trained(built: nn.Module, frozen: Sequence[nn.Parameter]) -> Iterator[None]:
    """Leave frozen weights out of gradients for a while, and then everything as it was."""
    modes = [(part, part.training) for part in built.modules()]
    asked = [(weight, weight.requires_grad) for weight in frozen]
    try:
        for weight in frozen:
            weight.requires_grad = False
        yield
    finally:
        for part, training in modes:
            part.training = training
        for weight, wanted in asked:
            weight.requires_grad = wanted


class _Recording:
    """Makes the inputs that a node has for one recording of ten seconds."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.graph = model.graph

    def inputs(self, node: SolvedNode) -> dict[str, Any]:
        given = {}
        for name, port in node.inputs.items():
            source = self.graph.wiring.source_of(PortName(node.name, name))
            if source is not None:
                given[name] = self._value(source, port)
        return given

    def _value(self, source: PortName, port: SolvedPort) -> Any:
        if isinstance(port.kind, Network):
            return self.model.modules[source.node]
        if isinstance(port.kind, Lengths) and source in self.graph.counted:
            return torch.tensor([self._steps(self.graph.counted[source])])
        sizes = [self._size(size) for size in port.sizes]
        if isinstance(port.kind, Tokens | Durations | Lengths):
            return torch.ones(sizes, dtype=torch.int64)
        dtype = torch.bool if isinstance(port.kind, Mask) else torch.float32
        return torch.empty(sizes, dtype=dtype, device="meta")

    def _size(self, size: Extent | int | str) -> int:
        match size:
            case Extent():
                return self._steps(size)
            case "B":
                return 1
            case int():
                return size
        raise ValueError(f"the size {size} is not known")

    def _steps(self, extent: Extent) -> int:
        root = Fraction(SECONDS) * self._a_second(extent)
        return math.ceil(evaluate(extent.term, dict.fromkeys(names_in(extent.term), root)))

    def _a_second(self, extent: Extent) -> Fraction:
        if extent.rate is not None:
            return extent.rate
        node, _, axis = extent.root.rpartition(".")
        if role_of(axis) is not Role.LABEL:
            raise ValueError(f"how long {extent.root} is in seconds is not known")
        return Fraction(_tokens_a_second(self.graph, node))


def _tokens_a_second(graph: SolvedGraph, node: str) -> int:
    found = (port.attributes.get("vocab") for port in graph.nodes[node].outputs.values())
    sizes = [v.size if isinstance(v, Vocabulary) else int(v) for v in found if v is not None]
    few = bool(sizes) and max(sizes) <= MOST_CHARACTERS
    return CHARACTERS_A_SECOND if few else PIECES_A_SECOND


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _with_gradient(value: Any) -> Any:
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.detach().requires_grad_()
    return value
