"""Ways to shorten features by a power of two before an encoder's layers."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.masks import valid_mask, zero_padding


def halvings_in(stride: int) -> int:
    """Count how often a stride halves the frames.

    Raises:
        ValueError: the stride is not a power of two.

    >>> halvings_in(8)
    3
    """
    if stride < 1 or stride & (stride - 1):
        raise ValueError(f"`stride` must be a power of two such as 1, 2, 4 or 8, not {stride}")
    return stride.bit_length() - 1


class Conv2dSubsampling(nn.Module):
    """Halve time and frequency together, then project (Gulati et al. 2020, 2005.08100, sec. 3.2).

    Args:
        feat_in: width of the features, at least 1.
        width: channels of the convolutions and of the result, at least 1.
        stride: a power of two; with 1 only the projection is left.

    Raises:
        ValueError: the stride is not a power of two.

    >>> import torch
    >>> frames, lengths = Conv2dSubsampling(80, 16, 4)(torch.zeros(1, 80, 9), torch.tensor([9]))
    >>> frames.shape, lengths
    (torch.Size([1, 3, 16]), tensor([3]))
    """

    def __init__(self, feat_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        channels = 1
        for _ in range(halvings_in(stride)):
            self.convs.append(nn.Conv2d(channels, width, 3, stride=2, padding=1))
            channels = width
            feat_in = (feat_in + 1) // 2
        self.out = nn.Linear(channels * feat_in, width)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Shorten [B, feat_in, T] to [B, ceil(T/stride), width], and the lengths alike."""
        x_bctf = zero_padding(features, lengths).transpose(1, 2).unsqueeze(1)
        for conv in self.convs:
            lengths = (lengths + 1) // 2
            x_bctf = functional.relu(conv(x_bctf))
            mask = valid_mask(lengths, x_bctf.shape[2])
            x_bctf = x_bctf.masked_fill(~mask[:, None, :, None], 0.0)
        return self.out(x_bctf.transpose(1, 2).flatten(2)), lengths


class Conv1dSubsampling(nn.Module):
    """Halve time with convolutions across all features, each with a GELU after it.

    Args:
        feat_in: width of the features, at least 1.
        width: channels of the result, at least 1.
        stride: a power of two; with 1 there is one convolution that keeps every frame.

    Raises:
        ValueError: the stride is not a power of two.

    >>> import torch
    >>> frames, lengths = Conv1dSubsampling(80, 16, 2)(torch.zeros(1, 80, 9), torch.tensor([9]))
    >>> frames.shape, lengths
    (torch.Size([1, 5, 16]), tensor([5]))
    """

    def __init__(self, feat_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        self.steps = [2] * halvings_in(stride) or [1]
        for step in self.steps:
            self.convs.append(nn.Conv1d(feat_in, width, 3, stride=step, padding=1))
            feat_in = width

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Shorten [B, feat_in, T] to [B, ceil(T/stride), width], and the lengths alike."""
        x_bdt = zero_padding(features, lengths)
        for conv, step in zip(self.convs, self.steps, strict=True):
            lengths = (lengths + step - 1) // step
            x_bdt = zero_padding(functional.gelu(conv(x_bdt)), lengths)
        return x_bdt.transpose(1, 2), lengths
