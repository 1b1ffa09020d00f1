"""Which weights of one graph could start another: those of the same name and shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from phonograph.graphs.spec import split_after_node


@dataclass(frozen=True, slots=True)
class ReshapedWeight:
    """A weight that both graphs have, in different shapes."""

    name: str
    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WeightDifference:
    """The weights of two graphs, compared by name; buffers that a checkpoint holds are among them.

    Args:
        nodes: the nodes with weights, those of the second graph first -> their weights' names.
        reusable: names of the same shape in both.
        reshaped: those of another shape.
        new: names that only the second graph has.
        left: names that only the first graph has.
        unequal: reusable name -> how many of its values differ in any bit; None where one of the
            graphs has no values, as a YAML file has none.
    """

    nodes: Mapping[str, frozenset[str]]
    reusable: tuple[str, ...]
    reshaped: tuple[ReshapedWeight, ...]
    new: tuple[str, ...]
    left: tuple[str, ...]
    unequal: Mapping[str, int] | None

    @property
    def differs(self) -> bool:
        """Whether the two hold other weights."""
        return bool(self.reshaped or self.new or self.left or self.unequal)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        told: dict[str, Any] = {
            "reusable": list(self.reusable),
            "other_shape": {w.name: [list(w.before), list(w.after)] for w in self.reshaped},
            "new": list(self.new),
            "left": list(self.left),
        }
        return told if self.unequal is None else {**told, "unequal": dict(self.unequal)}


def weight_difference(
    before: Mapping[str, Tensor], after: Mapping[str, Tensor], nodes: Collection[str] = ()
) -> WeightDifference:
    """Compare two state_dicts; tensors on the device `meta` have shapes, but no values.

    Args:
        before: the first graph's weights.
        after: the second one's.
        nodes: the nodes of both graphs, whose names may have dots.

    >>> one, two = {"a": torch.zeros(2), "b": torch.ones(3)}, {"a": torch.ones(2)}
    >>> found = weight_difference(one, two)
    >>> found.reusable, found.left, found.unequal
    (('a',), ('b',), {'a': 2})
    """
    both = [name for name in after if name in before]
    reusable = [name for name in both if before[name].shape == after[name].shape]
    reshaped = [
        ReshapedWeight(name, tuple(before[name].shape), tuple(after[name].shape))
        for name in both
        if before[name].shape != after[name].shape
    ]
    unequal = None
    if not any(weight.is_meta for weight in (*before.values(), *after.values())):
        counts = {name: _unequal_values(before[name], after[name]) for name in reusable}
        unequal = {name: count for name, count in counts.items() if count}
    return WeightDifference(
        nodes=_by_node((*after, *before), nodes),
        reusable=tuple(reusable),
        reshaped=tuple(reshaped),
        new=tuple(name for name in after if name not in before),
        left=tuple(name for name in before if name not in after),
        unequal=unequal,
    )


def _by_node(weights: Iterable[str], nodes: Collection[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name in weights:
        found.setdefault(split_after_node(name, nodes)[0], set()).add(name)
    return {node: frozenset(names) for node, names in found.items()}


def _unequal_values(one: Tensor, other: Tensor) -> int:
    """Count the values that differ in any bit: 0.0 is not -0.0, and a NaN is itself."""
    if one.dtype != other.dtype:
        return one.numel()
    bytes_of_one, bytes_of_other = (
        tensor.contiguous().reshape(-1, 1).view(torch.uint8) for tensor in (one, other)
    )
    return int((bytes_of_one != bytes_of_other).any(dim=1).sum())
