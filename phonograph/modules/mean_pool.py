"""The mean frame of an utterance."""

from __future__ import annotations

import math

from torch import Tensor, nn

from phonograph.modules.masks import zero_padding
from phonograph.types.kinds import Embedding, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("pool.mean", version=1)
class MeanPool(nn.Module):
    """Give the mean of an utterance's valid frames (Lin et al. 2014, 1312.4400, sec. 3.2).

    Summed in float32. An utterance without frames gives 0.

    >>> import torch
    >>> MeanPool()(torch.tensor([[[1.0, 3.0, 9.0]]]), torch.tensor([2]))
    tensor([[2.]])
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
        total_bd = zero_padding(frames.float(), lengths).sum(2)
        return (total_bd / lengths.clamp(min=1).unsqueeze(1)).to(frames.dtype)
