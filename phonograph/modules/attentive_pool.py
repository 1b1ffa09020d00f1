"""Mean and deviation of the frames that matter."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_above_zero, check_at_least
from phonograph.modules.statistics_pool import weighted_statistics
from phonograph.types.kinds import Embedding, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("pool.attentive", version=1)
class AttentivePool(nn.Module):
    """Weigh frames by a small network, then give mean and deviation (Okabe et al. 2018, sec. 3.2).

    Attentive statistics pooling for deep speaker embedding, 1803.10963. A frame's score is
    v tanh(W x + b); the paper's last bias would move all scores alike and is left out. Weights
    and statistics are computed in float32.

    Args:
        feat_in: width of the frames, at least 1; solved from the wire when left out.
        hidden: width of the network that scores a frame, at least 1.
        epsilon: added to the variance, above 0, so that one frame has a finite gradient.

    Raises:
        ValueError: a number is out of range.

    >>> AttentivePool(4)(torch.zeros(2, 4, 7), torch.tensor([7, 5])).shape
    torch.Size([2, 8])
    """

    def __init__(self, feat_in: int, *, hidden: int = 64, epsilon: float = 1e-7) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in, hidden=hidden)
        check_above_zero(epsilon=epsilon)
        self.epsilon = epsilon
        self.hidden = nn.Linear(feat_in, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)

    @staticmethod
    def look_ahead() -> float:
        """Return infinity: the whole utterance counts."""
        return math.inf

    @ports(
        frames=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"embedding": Embedding("B 2*feat_in")},
    )
    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return [B, 2 * feat_in], means first, for frames [B, feat_in, T], of which [B] count."""
        mask = valid_mask(lengths, frames.shape[2])
        clean = frames.masked_fill(~mask.unsqueeze(1), 0.0)
        scores_bt = self.score(self.hidden(clean.mT).tanh()).squeeze(2).float()
        # the smallest number, not minus infinity: an utterance without frames stays finite
        smallest = torch.finfo(scores_bt.dtype).min
        weights = scores_bt.masked_fill(~mask, smallest).softmax(1)
        return weighted_statistics(clean, weights, self.epsilon).to(frames.dtype)
