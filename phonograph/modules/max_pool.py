"""The largest value of every channel of an utterance."""

from __future__ import annotations

import math

from torch import Tensor, nn

from phonograph.modules.masks import valid_mask
from phonograph.types.kinds import Embedding, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("pool.max", version=1)
class MaxPool(nn.Module):
    """Give the maximum of every channel over an utterance's valid frames.

    Max pooling over time (Collobert et al. 2011, 1103.0398, sec. 3.3). An utterance without frames
    gives 0.

    >>> import torch
    >>> MaxPool()(torch.tensor([[[1.0, 3.0, 9.0]]]), torch.tensor([2]))
    tensor([[3.]])
    """

    @staticmethod
    def look_ahead() -> float:
        """Return infinity: the whole utterance counts."""
        return math.inf

    @ports(
        frames=Frames("B D T"), lengths=Lengths("B", of="T"), out={"embedding": Embedding("B D")}
    )
    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return [B, D] for frames [B, D, T], of which [B] are valid."""
        mask = valid_mask(lengths, frames.shape[2]).unsqueeze(1)
        largest = frames.masked_fill(~mask, float("-inf")).amax(2)
        return largest.masked_fill((lengths == 0).unsqueeze(1), 0.0)
