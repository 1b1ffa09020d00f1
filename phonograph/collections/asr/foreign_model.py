"""What a reader of somebody else's model gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Foreign:
    """A model of others as one of ours.

    Args:
        graph: the graph as plain data.
        weights: float32 tensors by `node.parameter`.
        left_out: what was not taken over, a line each; none of it decides results.
    """

    graph: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    left_out: tuple[str, ...] = ()
