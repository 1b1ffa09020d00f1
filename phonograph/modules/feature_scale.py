"""Ways to bring features to one scale: by their own statistics, or by given ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

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


Normalize = Literal["per_feature", "all_features", "none"] | FixedScale
"""How a front end brings its features to one scale."""


class FeatureScale(nn.Module):
    """The scale of a front end's features.

    Args:
        normalize: `per_feature` or `all_features` of an utterance's own valid frames, `none`, or
            fixed statistics.
        width: features of a frame, at least 1.
        name: what a refusal calls them.

    Raises:
        ValueError: the fixed statistics are not of as many features.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, normalize: Normalize, width: int, name: str = "features") -> None:
        super().__init__()
        self.normalize = normalize
        if isinstance(normalize, FixedScale):
            mean, deviation = normalize.tensors()
            if len(mean) != width:
                message = f"`normalize.mean` must have a number for each of {width} {name}"
                raise ValueError(f"{message}, not {len(mean)}")
            self.register_buffer("mean", mean, persistent=False)
            self.register_buffer("deviation", deviation, persistent=False)

    @property
    def no_stream(self) -> str | None:
        """Why features cannot be scaled as they come, or nothing."""
        if self.normalize in ("per_feature", "all_features"):
            return f"`normalize` {self.normalize} hears the whole utterance"
        return None

    def fixed(self, features: Tensor) -> Tensor:
        """Bring features [B, D, T] to the fixed statistics, where these are given."""
        fixed = isinstance(self.normalize, FixedScale)
        return (features - self.mean) / self.deviation if fixed else features

    def own(self, features: Tensor, valid: Tensor) -> Tensor:
        """Bring utterances to their own statistics, where these are asked for.

        Args:
            features: [B, D, T].
            valid: [B, 1, T], True where a frame counts.
        """
        match self.normalize:
            case "per_feature":
                return standardized(features, valid)
            case "all_features":
                return standardized_together(features, valid)
        return features


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
