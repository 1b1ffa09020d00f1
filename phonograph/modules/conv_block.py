"""The residual block of time convolutions that Jasper and QuartzNet are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from phonograph.modules.masked_conv import MaskedConv1d
from phonograph.modules.ranges import check_at_least, check_dropout, check_odd_kernel

Activation = Literal["relu", "silu", "gelu"]

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
}
_EPSILON = 1e-3  # of the published models, larger than PyTorch's


@dataclass(frozen=True, slots=True)
class ConvBlock:
    """One row of an architecture's table.

    Args:
        filters: channels out, at least 1.
        kernel: taps of every convolution, odd.
        repeat: convolutions one after another, at least 1.
        stride: frames per output frame, at least 1; taken by the last convolution.
        dilation: frames between taps, at least 1.
        separable: whether each convolution is split into a depthwise and a pointwise one.
        residual: whether the block's input is added before the last activation.
        dropout: probability in [0, 1) of zeroing a value after each activation.

    Raises:
        ValueError: an argument is out of range.
    """

    filters: int
    kernel: int
    repeat: int = 1
    stride: int = 1
    dilation: int = 1
    separable: bool = True
    residual: bool = True
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_at_least(1, filters=self.filters, repeat=self.repeat)
        check_at_least(1, stride=self.stride, dilation=self.dilation)
        check_odd_kernel(self.kernel)
        check_dropout(self.dropout)


class ResidualConvBlock(nn.Module):
    """Repeated convolution, batch norm, activation and dropout, with the input added near the end.

    Jasper (Li et al. 2019, 1904.03288, sec. 2.1), with separable convolutions QuartzNet (Kriman et
    al. 2019, 1910.10261, sec. 3.1).

    Args:
        width_in: channels in, at least 1.
        block: the sizes.
        activation: after every batch norm; the last one follows the addition.

    >>> import torch
    >>> block = ResidualConvBlock(8, ConvBlock(16, kernel=5, repeat=2, stride=2), activation="relu")
    >>> frames, lengths = block(torch.zeros(2, 8, 9), torch.tensor([9, 4]))
    >>> frames.shape, lengths
    (torch.Size([2, 16, 5]), tensor([5, 2]))
    """

    def __init__(self, width_in: int, block: ConvBlock, *, activation: Activation) -> None:
        super().__init__()
        last = block.repeat - 1
        self.units = nn.ModuleList(
            _ConvNorm(
                width_in if index == 0 else block.filters,
                block.filters,
                block.kernel,
                stride=block.stride if index == last else 1,
                dilation=block.dilation,
                separable=block.separable,
            )
            for index in range(block.repeat)
        )
        self.shortcut = (
            _ConvNorm(width_in, block.filters, 1, stride=block.stride) if block.residual else None
        )
        self.activation = _ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(block.dropout)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Run the block.

        Args:
            frames: [B, width_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, filters, ceil(T/stride)] frames and [B] valid ones among them.
        """
        inner, inner_lengths = frames, lengths
        for index, unit in enumerate(self.units):
            if index > 0:
                inner = self.dropout(self.activation(inner))
            inner, inner_lengths = unit(inner, inner_lengths)
        if self.shortcut is not None:
            inner = inner + self.shortcut(frames, lengths)[0]
        return self.dropout(self.activation(inner)), inner_lengths


class _ConvNorm(nn.Module):
    """A convolution, whole or separable, and its batch norm."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        separable: bool = False,
    ) -> None:
        super().__init__()
        self.conv = MaskedConv1d(
            width_in,
            width_in if separable else width_out,
            kernel,
            stride=stride,
            dilation=dilation,
            depthwise=separable,
            bias=False,
        )
        self.pointwise = nn.Conv1d(width_in, width_out, 1, bias=False) if separable else None
        self.norm = nn.BatchNorm1d(width_out, eps=_EPSILON)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        frames, lengths = self.conv(frames, lengths)
        if self.pointwise is not None:
            frames = self.pointwise(frames)
        return self.norm(frames), lengths
