"""The residual block of time convolutions that Jasper, QuartzNet and Citrinet are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from phonograph.modules.fold_norms import Foldable
from phonograph.modules.frame_norm import (
    BatchFrameNorm,
    FrameNorm,
    GroupFrameNorm,
    NoFrameNorm,
)
from phonograph.modules.ranges import check_at_least, check_dropout
from phonograph.modules.squeeze_excite import Excite, SqueezeExcite
from phonograph.modules.time_axis import TimeAxis
from phonograph.modules.time_conv import TimeConv, check_ahead

Activation = Literal["relu", "silu", "gelu", "selu", "hardtanh", "identity"]

_ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),  # nobody needs what was there before
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "selu": nn.SELU,
    "hardtanh": nn.Hardtanh,
    "identity": nn.Identity,
}


@dataclass(frozen=True, slots=True)
class ConvBlock:
    """One row of an architecture's table.

    Args:
        filters: channels out, at least 1.
        kernel: taps of every convolution, odd.
        repeat: convolutions one after another, at least 1.
        stride: frames per output frame of a convolution that strides, at least 1.
        stride_at: which convolutions stride, the `last` one or `every` one.
        dilation: frames between taps, at least 1.
        ahead: taps after an output's own frame, 0 to kernel - 1; half of them by default.
        groups: parts of the channels that do not hear each other, shuffled after every
            convolution; for a separable one, of its pointwise half.
        separable: whether each convolution is split into a depthwise and a pointwise one.
        residual: whether the block's input is added before the last activation. `dense` adds the
            inputs of the dense blocks directly before it too; `max` takes the greater of both
            instead.
        excite: a squeeze-and-excite gate before the addition; none by default.
        dropout: probability in [0, 1) of zeroing a value after each activation.

    Raises:
        ValueError: an argument is out of range, or a dense block strides.
    """

    filters: int
    kernel: int
    repeat: int = 1
    stride: int = 1
    stride_at: Literal["last", "every"] = "last"
    dilation: int = 1
    ahead: int | None = None
    groups: int = 1
    separable: bool = True
    residual: bool | Literal["dense", "max"] = True
    excite: Excite | None = None
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_at_least(1, filters=self.filters, repeat=self.repeat, groups=self.groups)
        check_at_least(1, stride=self.stride, dilation=self.dilation)
        check_ahead(self.kernel, self.ahead)
        check_dropout(self.dropout)
        if self.residual == "dense" and self.stride > 1:
            raise ValueError(f"`stride` must be 1 in a dense block, not {self.stride}")

    @property
    def strides(self) -> list[int]:
        """The stride of each convolution.

        >>> ConvBlock(8, kernel=3, repeat=3, stride=2).strides
        [1, 1, 2]
        """
        if self.stride_at == "every":
            return [self.stride] * self.repeat
        return [1] * (self.repeat - 1) + [self.stride]

    @property
    def total_stride(self) -> int:
        """Frames per output frame of the block."""
        return self.stride ** (self.repeat if self.stride_at == "every" else 1)

    @property
    def look_ahead(self) -> float:
        """How many frames after its own an output depends on; infinite with a gate."""
        if self.excite is not None:
            return float("inf")
        after = self.dilation * (self.kernel // 2 if self.ahead is None else self.ahead)
        rates = [self.stride**place for place in range(self.repeat)]
        return after * (sum(rates) if self.stride_at == "every" else self.repeat)


class ResidualConvBlock(nn.Module):
    """Repeated convolution, norm, activation and dropout, with the input added near the end.

    Jasper (Li et al. 2019, 1904.03288, sec. 2.1), with separable convolutions QuartzNet (Kriman et
    al. 2019, 1910.10261, sec. 3.1), with a gate Citrinet (Majumdar et al. 2021, 2104.01721, sec.
    2).

    Args:
        widths: channels of the inputs that are added, first to last, and of the block's own input,
            the last; a block that is not dense has only its own.
        block: the sizes.
        activation: after every norm; the last one follows the addition.
        norm: what follows every convolution.

    Raises:
        ValueError: groups do not divide channels, or there are too few to reduce.

    >>> block = ResidualConvBlock([8], ConvBlock(16, kernel=5, stride=2), activation="relu")
    >>> frames = torch.zeros(2, 8, 1, 9)
    >>> frames, axis = block([frames], TimeAxis.of(torch.tensor([9, 4]), 9))
    >>> frames.shape, axis.lengths
    (torch.Size([2, 16, 1, 5]), tensor([5, 2]))
    """

    def __init__(
        self,
        widths: Sequence[int],
        block: ConvBlock,
        *,
        activation: Activation,
        norm: FrameNorm | None = None,
    ) -> None:
        super().__init__()
        norm = norm or FrameNorm()
        self.dense = block.residual == "dense"
        self.join = torch.maximum if block.residual == "max" else torch.add
        self.units = nn.ModuleList(
            _ConvNorm(widths[-1] if place == 0 else block.filters, block, stride, norm)
            for place, stride in enumerate(block.strides)
        )
        self.activation = _ACTIVATIONS[activation]()
        self.excite = (
            SqueezeExcite(block.filters, block.excite, activation=self.activation)
            if block.excite
            else None
        )
        self.shortcuts = nn.ModuleList(
            _Shortcut(width, block, norm) for width in (widths if block.residual else ())
        )
        self.dropout = nn.Dropout(block.dropout)

    def forward(self, inputs: Sequence[Tensor], axis: TimeAxis) -> tuple[Tensor, TimeAxis]:
        """Run the block.

        Args:
            inputs: [B, width, 1, T] each, zero in the padding; the block's own is the last.
            axis: their valid frames.

        Returns:
            [B, filters, 1, ceil(T/stride)] frames, zero in the padding, and their valid ones.
        """
        frames = inputs[-1]
        for place, unit in enumerate(self.units):
            if place > 0:
                frames = self._settle(frames, axis)
            frames, axis = unit(frames, axis)
        if self.excite is not None:
            frames = self.excite(frames, axis.mask)
        for shortcut, heard in zip(self.shortcuts, inputs, strict=False):
            frames = self.join(frames, shortcut(heard, axis))
        return self._settle(frames, axis), axis

    def _settle(self, frames: Tensor, axis: TimeAxis) -> Tensor:
        frames = self.dropout(self.activation(frames))
        # The activation's backward pass may need its result.
        return frames * axis.mask if torch.is_grad_enabled() else frames.mul_(axis.mask)


class _Normalized(Foldable):
    """A convolution and its norm."""

    conv: TimeConv
    norm: BatchFrameNorm | GroupFrameNorm | NoFrameNorm

    def fold(self) -> bool:
        if not isinstance(self.norm, BatchFrameNorm):
            return False
        scale, shift = self.norm.scale_and_shift()
        with torch.no_grad():
            self.conv.weight.mul_(scale[:, None, None])
        self.conv.bias = nn.Parameter(shift)
        self.norm = NoFrameNorm()
        return True


class _ConvNorm(_Normalized):
    """A convolution, whole or separable, its norm, and a shuffle of its groups."""

    def __init__(self, width_in: int, block: ConvBlock, stride: int, norm: FrameNorm) -> None:
        super().__init__()
        self.stride = stride
        self.groups = block.groups
        over_time = partial(
            TimeConv, kernel=block.kernel, stride=stride, dilation=block.dilation, ahead=block.ahead
        )
        self.depthwise: TimeConv | None = None
        if block.separable:
            self.depthwise = over_time(width_in, width_in, groups=width_in)
            self.conv = TimeConv(width_in, block.filters, groups=block.groups)
        else:
            self.conv = over_time(width_in, block.filters, groups=block.groups)
        self.norm = norm.build(block.filters)

    def forward(self, frames: Tensor, axis: TimeAxis) -> tuple[Tensor, TimeAxis]:
        axis = axis.strided(self.stride)
        if self.depthwise is not None:
            frames = self.depthwise(frames)
            if self.norm.hears_padding:  # it must not hear what the filter has spread there
                frames = frames * axis.mask
        frames = self.norm(self.conv(frames), axis.mask)
        if self.groups > 1:
            frames = frames.unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)
        return frames, axis


class _Shortcut(_Normalized):
    """A pointwise convolution of an input that is added, and its norm."""

    def __init__(self, width_in: int, block: ConvBlock, norm: FrameNorm) -> None:
        super().__init__()
        self.conv = TimeConv(width_in, block.filters, stride=block.total_stride)
        self.norm = norm.build(block.filters)

    def forward(self, frames: Tensor, axis: TimeAxis) -> Tensor:
        return self.norm(self.conv(frames), axis.mask)
