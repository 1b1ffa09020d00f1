"""What a graph costs: multiply-adds and memory, for one recording of ten seconds.

Counted are products of matrices, convolutions, attention and recurrent layers; not counted are
functions of single values, sums, norms, Fourier transforms, what a loss computes by recursion, and
the search for text. A number has four bytes. Attention holds all of its scores, which fused kernels
do not; what recurrent layers keep for training is a formula, since every device keeps its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from phonograph.graphs.views import View

SECONDS = 10
"""Of audio, which every estimate is for."""

ADAM = 4
"""Numbers that training with Adam holds for one weight: itself, its gradient, two moments."""


@dataclass(frozen=True, slots=True)
class NodeCost:
    """What one node costs.

    Args:
        weights: bytes of its weights and buffers.
        trained: bytes of the weights that training changes.
        multiply_adds: per second of audio; None where it cannot be known.
        activations: most bytes in use while it is computed, its outputs included; or None.
        outputs: bytes of its outputs, or None.
        kept: bytes that training keeps for its backward pass, or None.
        unknown: why something is not known, or empty.
    """

    weights: int
    trained: int = 0
    multiply_adds: float | None = None
    activations: int | None = None
    outputs: int | None = None
    kept: int | None = None
    unknown: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, without what is not known."""
        row = {
            "multiply_adds_per_second": self.multiply_adds,
            "weight_bytes": self.weights,
            "activation_bytes": self.activations,
            "training_bytes": None if self.kept is None else training_bytes([self]),
            "unknown": self.unknown or None,
        }
        return {key: value for key, value in row.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Total:
    """What a view costs.

    Args:
        weights: bytes of weights and buffers, shared ones once.
        multiply_adds: per second of audio.
        inference: bytes of the weights and of what is in use at once without training.
        training: bytes of weights, gradients, Adam's state and what the backward pass needs.
        left_out: nodes of the tensor core about which nothing is known.
    """

    weights: int
    multiply_adds: float
    inference: int
    training: int
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "multiply_adds_per_second": self.multiply_adds,
            "weight_bytes": self.weights,
            "inference_bytes": self.inference,
            "training_bytes": self.training,
            "left_out": list(self.left_out),
        }


def training_bytes(costs: Iterable[NodeCost]) -> int:
    """Return the bytes that training with Adam holds.

    >>> training_bytes([NodeCost(weights=100, trained=80, kept=7)])
    347
    """
    return sum(c.weights + (ADAM - 1) * c.trained + (c.kept or 0) for c in costs)


def add_up(view: View, costs: Mapping[str, NodeCost], owner: Callable[[str], str]) -> Total:
    """Add up what the tensor core of a view costs.

    Args:
        view: a view.
        costs: of every node.
        owner: returns the node that owns the weights of a node.
    """
    lent = [port.node for port in view.networks]
    once = dict(_weights_once(dict.fromkeys([*view.core, *lent]), costs, owner))
    parts = {name: once[name] for name in view.core}
    weights = sum(cost.weights for cost in once.values())
    return Total(
        weights=weights,
        multiply_adds=sum(cost.multiply_adds or 0 for cost in parts.values()),
        inference=weights + _most_at_once(view, parts),
        training=training_bytes(parts.values()),
        left_out=tuple(name for name, cost in parts.items() if cost.unknown),
    )


def _weights_once(
    nodes: Iterable[str], costs: Mapping[str, NodeCost], owner: Callable[[str], str]
) -> Iterator[tuple[str, NodeCost]]:
    """Give each node with its cost, without weights that a node before it has too."""
    seen: set[str] = set()
    for name in nodes:
        shared = owner(name) in seen
        seen.add(owner(name))
        yield name, replace(costs[name], weights=0, trained=0) if shared else costs[name]


def _most_at_once(view: View, parts: Mapping[str, NodeCost]) -> int:
    """The most bytes in use when nodes run in order and outputs are freed after their last use."""
    order = {name: place for place, name in enumerate(parts)}
    last = dict(order)
    for target, source in view.sources.items():
        if source.node in order:
            last[source.node] = max(last[source.node], order.get(target.node, len(order)))

    def waiting(place: int) -> int:
        return sum(parts[n].outputs or 0 for n in parts if order[n] < place <= last[n])

    used = [(cost.activations or 0) + waiting(order[name]) for name, cost in parts.items()]
    return max(used, default=0)
