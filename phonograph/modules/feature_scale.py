"""Ways to bring features to one scale: by their own statistics, or by given ones."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_STEADIER = 1e-5  # added to a standard deviation, so that a constant row stays finite


@dataclass(frozen=True, slots=True)
class FixedScale:
    """Statistics of the features, once and for all.

    Args:
        mean: what is taken off each feature.
        deviation: what each feature is then divided by, above 0.

    Raises:
        ValueError: there are not as many of one as of the other, or a deviation is not above 0.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.deviation):
            raise ValueError(
                f"`deviation` must have as many numbers as `mean`, {len(self.mean)}, not"
                f" {len(self.deviation)}"
            )
        if not all(value > 0 for value in self.deviation):
            raise ValueError("`deviation` must be above 0 for every feature")

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Return the means and deviations, float32 [D, 1] each, on the CPU."""
        mean = torch.tensor(self.mean, device="cpu")
        return mean.unsqueeze(1), torch.tensor(self.deviation, device="cpu").unsqueeze(1)


def standardized(features: Tensor, valid: Tensor) -> Tensor:
    """Give every row mean 0 and standard deviation 1 over its valid frames.

    Args:
        features: [B, D, T].
        valid: [B, 1, T], True where a frame counts.

    Returns:
        [B, D, T]; a row with a single valid frame becomes 0.
    """
    return _standardized(features, valid, valid.sum(2, keepdim=True), (2,))


def standardized_together(features: Tensor, valid: Tensor) -> Tensor:
    """Give every utterance mean 0 and standard deviation 1 over all rows of its valid frames.

    Args:
        features: [B, D, T].
        valid: [B, 1, T], True where a frame counts.

    Returns:
        [B, D, T]; an utterance of one single value becomes 0.
    """
    count = valid.sum(2, keepdim=True) * features.shape[1]
    return _standardized(features, valid, count, (1, 2))


def _standardized(features: Tensor, valid: Tensor, count: Tensor, over: tuple[int, ...]) -> Tensor:
    total = features.masked_fill(~valid, 0.0).sum(over, keepdim=True)
    centred = (features - total / count.clamp(min=1)).masked_fill(~valid, 0.0)
    variance = centred.square().sum(over, keepdim=True) / (count - 1).clamp(min=1)
    return centred / (variance.sqrt() + _STEADIER)
