"""Frames with time before width, as recurrent layers and Transformers elsewhere take them."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("adapt.time_first", version=1)
class TimeFirst(nn.Module):
    """Turn frames with width before time into frames with time before width.

    The other way round it is `adapt.transpose`.

    >>> import torch
    >>> TimeFirst()(torch.zeros(2, 4, 7)).shape
    torch.Size([2, 7, 4])
    """

    @ports(frames=Frames("B D T"), out={"encoded": Encoded("B T D")})
    def forward(self, frames: Tensor) -> Tensor:
        """Return [B, T, D] for frames [B, D, T]."""
        return frames.mT
