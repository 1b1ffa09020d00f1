"""Mean and deviation of the frames of an utterance."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_above_zero
from phonograph.types.kinds import Embedding, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


def weighted_statistics(frames: Tensor, weights: Tensor, epsilon: float) -> Tensor:
    """Return weighted means and deviations, in float32.

    Args:
        frames: [B, D, T]; where weights are 0 any finite values.
        weights: [B, T], at least 0; they sum to one for each utterance.
        epsilon: added to the variance, above 0, so that its root has a finite gradient.

    Returns:
        [B, 2 * D]: the means, then the deviations.

    >>> halves = torch.tensor([[0.5, 0.5, 0.0]])
    >>> weighted_statistics(torch.tensor([[[1.0, 5.0, 9.0]]]), halves, 1e-9)
    tensor([[3., 2.]])
    """
    x, weights = frames.float(), weights.float().unsqueeze(1)
    mean = (x * weights).sum(2, keepdim=True)
    variance = ((x - mean).square() * weights).sum(2)
    return torch.cat([mean.squeeze(2), (variance + epsilon).sqrt()], 1)


@register("pool.statistics", version=1)
class StatisticsPool(nn.Module):
    """Give mean and standard deviation of an utterance's valid frames (x-vectors, sec. 2.1).

    Snyder et al. 2018, X-vectors: robust DNN embeddings for speaker recognition. Computed in
    float32.

    Args:
        epsilon: added to the variance, above 0, so that one frame has a finite gradient.

    Raises:
        ValueError: `epsilon` is not above 0.

    >>> frames = torch.tensor([[[1.0, 5.0, 9.0]]])
    >>> StatisticsPool(epsilon=1e-9)(frames, torch.tensor([2]))
    tensor([[3., 2.]])
    """

    def __init__(self, *, epsilon: float = 1e-7) -> None:
        super().__init__()
        check_above_zero(epsilon=epsilon)
        self.epsilon = epsilon

    @staticmethod
    def look_ahead() -> float:
        """Return infinity: the whole utterance counts."""
        return math.inf

    @ports(
        frames=Frames("B D T"), lengths=Lengths("B", of="T"), out={"embedding": Embedding("B 2*D")}
    )
    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return [B, 2 * D], means first, for frames [B, D, T], of which [B] are valid."""
        mask = valid_mask(lengths, frames.shape[2])
        weights = mask / lengths.clamp(min=1).unsqueeze(1)
        clean = frames.masked_fill(~mask.unsqueeze(1), 0.0)
        return weighted_statistics(clean, weights, self.epsilon).to(frames.dtype)
