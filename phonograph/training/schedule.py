"""How the learning rate changes while the budget is used up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A factor on the learning rate: a warm-up, and a shape over the whole training.

    Args:
        name: `constant` keeps the rate; `linear` and `cosine` lower it towards `final`.
        warmup_steps: steps over which the rate grows from 0, at least 0.
        final: share of the rate that is left at the end, in [0, 1].

    Raises:
        ValueError: a number is out of range.

    >>> rate = Schedule(name="cosine", warmup_steps=2)
    >>> [round(rate.factor(step, step / 4), 3) for step in range(5)]
    [0.5, 0.854, 0.5, 0.146, 0.0]
    """

    name: Literal["constant", "linear", "cosine"] = "constant"
    warmup_steps: int = 0
    final: float = 0.0

    def __post_init__(self) -> None:
        if self.warmup_steps < 0:
            raise ValueError("`warmup_steps` must be at least 0")
        if not 0 <= self.final <= 1:
            raise ValueError("`final` must be in [0, 1]")

    def factor(self, step: int, progress: float) -> float:
        """Return the share of the learning rate to use.

        Args:
            step: steps of the optimizer done.
            progress: how much of the budget is used up, in [0, 1].
        """
        warmed = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        return warmed * (self.final + (1 - self.final) * self._left(progress))

    def _left(self, progress: float) -> float:
        match self.name:
            case "constant":
                return 1.0
            case "linear":
                return 1.0 - progress
            case "cosine":
                return (1.0 + math.cos(math.pi * progress)) / 2
