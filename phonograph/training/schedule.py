"""How the learning rate changes while the budget is used up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The learning rate over a training: a warm-up, and a shape that is multiplied with it.

    `noam` is d_model^-0.5 * min(step^-0.5, step * warmup_steps^-1.5) (Vaswani et al. 2017, eq. 3),
    which needs no budget; its `lr` is a factor such as 2. The other shapes run over the budget.

    Args:
        name: `constant` keeps the rate; `linear`, `cosine` and `polynomial` lower it towards the
            end of the training; `noam` lowers it with the square root of the steps.
        warmup_steps: steps over which the rate grows from 0, at least 0.
        warmup_ratio: share of the budget over which it grows instead, in [0, 1].
        final: share of the rate that is left at the end, in [0, 1].
        min_lr: the rate after the warm-up is never lower, at least 0.
        power: exponent of `polynomial`, above 0; 1 is `linear`.
        d_model: width of the model for `noam`, at least 1.

    Raises:
        ValueError: a number is out of range, or `noam` lacks what it needs.

    >>> schedule = Schedule(name="cosine", warmup_steps=2)
    >>> [round(schedule.rate(1.0, step, step / 4), 3) for step in range(5)]
    [0.5, 0.854, 0.5, 0.146, 0.0]
    """

    name: Literal["constant", "linear", "cosine", "polynomial", "noam"] = "constant"
    warmup_steps: int = 0
    warmup_ratio: float = 0.0
    final: float = 0.0
    min_lr: float = 0.0
    power: float = 1.0
    d_model: int | None = None

    def __post_init__(self) -> None:
        for name in ("warmup_steps", "min_lr"):
            if getattr(self, name) < 0:
                raise ValueError(f"`{name}` must be at least 0")
        for name in ("warmup_ratio", "final"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"`{name}` must be in [0, 1]")
        if self.power <= 0:
            raise ValueError("`power` must be above 0")
        if self.d_model is not None and self.d_model < 1:
            raise ValueError("`d_model` must be at least 1")
        if self.warmup_steps and self.warmup_ratio:
            raise ValueError("has both `warmup_steps` and `warmup_ratio`: give one of them")
        if self.name == "noam" and not (self.warmup_steps and self.d_model):
            raise ValueError("`noam` needs `warmup_steps` and `d_model`")

    def peak(self, lr: float) -> float:
        """Return the highest rate.

        >>> Schedule(name="noam", d_model=100, warmup_steps=10_000).peak(5.0)
        0.005
        """
        if self.name != "noam":
            return lr
        return lr / math.sqrt((self.d_model or 1) * self.warmup_steps)

    def rate(self, lr: float, step: int, progress: float) -> float:
        """Return the learning rate of a step.

        Args:
            lr: the rate that is written, above 0.
            step: steps of the optimizer done.
            progress: how much of the budget is used up, in [0, 1].
        """
        peak = self.peak(lr)
        floor = max(self.final * peak, min(self.min_lr, peak))
        warmed = self._warmed(step, progress)
        if self.name == "noam":
            falling = peak * math.sqrt(self.warmup_steps / max(step + 1, self.warmup_steps))
            return peak * warmed if warmed < 1 else max(falling, floor)
        return warmed * (floor + (peak - floor) * self._left(progress))

    def _warmed(self, step: int, progress: float) -> float:
        if self.warmup_ratio:
            return min(1.0, progress / self.warmup_ratio)
        return min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0

    def _left(self, progress: float) -> float:
        match self.name:
            case "linear":
                return 1.0 - progress
            case "polynomial":
                return float((1.0 - progress) ** self.power)
            case "cosine":
                return (1.0 + math.cos(math.pi * progress)) / 2
            case _:
                return 1.0
