"""The convolution part of a Conformer layer."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.depthwise import DepthwiseConv1d
from phonograph.modules.ranges import check_odd_kernel

Norm = Literal["batch", "layer", "none"]


class ConvModule(nn.Module):
    """Gate, filter every channel over time, mix (Gulati et al. 2020, arXiv 2005.08100, sec. 2.2).

    Args:
        width: channels in and out, at least 1.
        kernel: taps of the filter over time, odd.
        norm: what follows the filter: batch norm, layer norm over channels, or `none`, for example
            where a batch norm was folded into the filter.

    Raises:
        ValueError: `kernel` is even or below 1.

    >>> import torch
    >>> ConvModule(8, kernel=3)(torch.zeros(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)).shape
    torch.Size([2, 5, 8])
    """

    def __init__(self, width: int, *, kernel: int = 31, norm: Norm = "batch") -> None:
        super().__init__()
        check_odd_kernel(kernel)
        self.pointwise1 = nn.Linear(width, 2 * width)
        self.depthwise = DepthwiseConv1d(width, kernel, padding=kernel // 2)
        self.norm = _norm(width, norm)
        self.pointwise2 = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map [B, T, D] to [B, T, D]; steps where `mask` [B, T] is False count as silence."""
        x = functional.glu(self.pointwise1(x))
        x = x.masked_fill(~mask.unsqueeze(2), 0.0)
        x = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        # All steps in one row: then batch norm and layer norm see the channels at the same place.
        x = self.norm(x.flatten(0, 1)).reshape(x.shape)
        return self.pointwise2(functional.silu(x))


def _norm(width: int, norm: Norm) -> nn.Module:
    match norm:
        case "batch":
            return nn.BatchNorm1d(width)
        case "layer":
            return nn.LayerNorm(width)
        case "none":
            return nn.Identity()
