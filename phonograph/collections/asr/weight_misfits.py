"""Which weights are not those of a graph, found without taking memory for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from phonograph.collections import default_registry
from phonograph.errors import BundleError
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import read_lock
from phonograph.graphs.model import build


@dataclass(frozen=True, slots=True)
class Misfit:
    """A weight that the graph wants otherwise.

    Args:
        name: `node.parameter`.
        given: its shape, None where there is none.
        wanted: the shape in the graph, None where it has none.
    """

    name: str
    given: list[int] | None
    wanted: list[int] | None

    def __str__(self) -> str:
        given = "missing" if self.given is None else self.given
        return f"`{self.name}` is {given}, not {'wanted' if self.wanted is None else self.wanted}"


def misfits(graph: Mapping[str, Any], weights: Mapping[str, Tensor], name: str) -> list[Misfit]:
    """Compare shapes.

    Args:
        graph: as plain data.
        weights: by `node.parameter`.
        name: what messages call the graph.

    Raises:
        BundleError: the graph itself does not hold.
    """
    checked = check_document(read_lock(dict(graph), name), default_registry())
    if checked.graph is None:
        raise BundleError(checked.faults)
    wanted = build(checked.graph, device="meta").module.state_dict()
    found = (
        Misfit(name, _shape(weights.get(name)), _shape(wanted.get(name)))
        for name in sorted(wanted.keys() | weights.keys())
    )
    return [misfit for misfit in found if misfit.given != misfit.wanted]


def _shape(weight: Tensor | None) -> list[int] | None:
    return None if weight is None else list(weight.shape)
