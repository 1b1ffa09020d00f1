"""Frames with width before time, as modules here take them."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("adapt.transpose", version=1)
class Transpose(nn.Module):
    """Turn frames with time before width into frames with width before time.

    The other way round it is `adapt.time_first`.

    >>> import torch
    >>> Transpose()(torch.zeros(2, 7, 4)).shape
    torch.Size([2, 4, 7])
    """

    @ports(frames=Frames("B T D"), out={"encoded": Encoded("B D T")})
    def forward(self, frames: Tensor) -> Tensor:
        """Return [B, D, T] for frames [B, T, D]."""
        return frames.mT
