"""A linear layer that is quick on processors without an accelerator."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_QUICK = (torch.float32, torch.bfloat16)


class Linear(nn.Linear):
    """Map the channels of every step; parameters and results are those of `nn.Linear`.

    On a processor, frames [B, T, D] go through oneDNN's convolution with one tap, which takes less
    than half the time of the matrix product behind `nn.Linear`, forward and backward.

    >>> Linear(4, 6)(torch.zeros(2, 5, 4)).shape
    torch.Size([2, 5, 6])
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as nn.Linear names it
        """Map [..., width_in] to [..., width_out]."""
        return linear(input, self.weight, self.bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Map the channels of every step, as `functional.linear` does.

    Args:
        x: [..., width_in]; quick are frames [B, T, width_in].
        weight: [width_out, width_in].
        bias: [width_out], or None.

    Returns:
        [..., width_out].

    >>> x, weight = torch.randn(2, 5, 4), torch.randn(6, 4)
    >>> torch.allclose(linear(x, weight), functional.linear(x, weight), atol=1e-5)
    True
    """
    suits = x.dim() == 3 and x.device.type == "cpu" and x.dtype in _QUICK  # frames
    if not suits or torch.compiler.is_compiling() or not x.numel():
        return functional.linear(x, weight, bias)
    x_bd1t, taps = x.transpose(1, 2).unsqueeze(2), weight[:, :, None, None]
    # On a single thread PyTorch asks oneDNN only where a convolution looks dilated.
    mapped = functional.conv2d(x_bd1t, taps, bias, dilation=2)
    return mapped.squeeze(2).transpose(1, 2)
