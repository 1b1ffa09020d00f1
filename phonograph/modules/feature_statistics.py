"""Mean and deviation of each feature over a whole set, for fixed normalisation."""

from __future__ import annotations

import torch
from torch import Tensor

from phonograph.modules.feature_scale import FixedScale
from phonograph.modules.masks import zero_padding

_SMALLEST = 1e-5  # deviation; a feature that never changes is divided by no less


class FeatureStatistics:
    """Sums over valid frames, in float64.

    >>> statistics = FeatureStatistics()
    >>> statistics.add(torch.tensor([[[1.0, 3.0, 99.0]]]), torch.tensor([2]))
    >>> statistics.scale()
    FixedScale(mean=(2.0,), deviation=(1.4142,))
    """

    def __init__(self) -> None:
        self.frames = 0
        self._sums = self._squares = torch.zeros(1, dtype=torch.float64)

    def add(self, features: Tensor, lengths: Tensor) -> None:
        """Hear a batch.

        Args:
            features: [B, D, T].
            lengths: [B] valid frames.
        """
        valid = zero_padding(features.double(), lengths).cpu()
        self.frames += int(lengths.sum())
        self._sums = self._sums + valid.sum((0, 2))
        self._squares = self._squares + valid.square().sum((0, 2))

    def scale(self) -> FixedScale:
        """Return the statistics, to five digits.

        Raises:
            ValueError: fewer than two frames were heard.
        """
        if self.frames < 2:
            raise ValueError(f"statistics need two frames at least, not {self.frames}")
        mean = self._sums / self.frames
        variance = (self._squares - self.frames * mean.square()) / (self.frames - 1)
        deviation = variance.clamp(min=0).sqrt().clamp(min=_SMALLEST)
        return FixedScale(_rounded(mean), _rounded(deviation))


def _rounded(values: Tensor) -> tuple[float, ...]:
    return tuple(float(f"{value:.5g}") for value in values.tolist())
