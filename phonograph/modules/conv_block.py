"""The residual block of time convolutions that Jasper, QuartzNet and Citrinet are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from phonograph.modules.conv_norm import ConvNorm, Shortcut
from phonograph.modules.dropout import Dropout
from phonograph.modules.frame_norm import FrameNorm
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least, check_count, check_dropout
from phonograph.modules.squeeze_excite import Excite, SqueezeExcite
from phonograph.modules.time_axis import TimeAxis
from phonograph.modules.time_conv import TimeConv, check_ahead

Activation = Literal["relu", "silu", "gelu", "selu", "hardtanh", "identity"]

_FARTHEST = 100_000
"""Frames between the first tap and the last: a quarter of an hour at 10 ms."""

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
        dilation: frames between taps, at least 1; from the first tap to the last there are at most
            100,000.
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
        check_at_least(1, filters=self.filters, groups=self.groups)
        check_count(repeat=self.repeat)
        check_at_least(1, stride=self.stride, dilation=self.dilation)
        check_ahead(self.kernel, self.ahead)
        self._check_reach()
        check_dropout(self.dropout)
        if self.residual == "dense" and self.stride > 1:
            raise ValueError(f"`stride` must be 1 in a dense block, not {self.stride}")

    def _check_reach(self) -> None:
        reach = self.dilation * (self.kernel - 1)
        if reach > _FARTHEST:
            name = "dilation" if self.dilation > 1 else "kernel"
            message = f"`{name}` {getattr(self, name)}: taps would lie {reach:,} frames apart"
            raise ValueError(f"{message}, at most {_FARTHEST:,}")

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
        return self.delay if self.excite is None else float("inf")

    @property
    def delay(self) -> int:
        """How many frames after its own an output waits for in a stream."""
        after = self.dilation * (self.kernel // 2 if self.ahead is None else self.ahead)
        rates = [self.stride**place for place in range(self.repeat)]
        return after * (sum(rates) if self.stride_at == "every" else self.repeat)


class ConvBlockState(NamedTuple):
    """What a block keeps of a stream: frames that are heard again.

    Args:
        units: by its convolutions.
        shortcuts: on the way of each input that is added, until the convolutions have come as far.
    """

    units: tuple[Tensor, ...]
    shortcuts: tuple[Tensor, ...]


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
        sooner: how many frames sooner than the block's own input each input comes in a stream; all
            at the same time when left out.

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
        sooner: Sequence[int] = (),
    ) -> None:
        super().__init__()
        norm = norm or FrameNorm()
        self.dense = block.residual == "dense"
        self.join = torch.maximum if block.residual == "max" else torch.add
        self.units = nn.ModuleList(
            _unit(widths[-1] if place == 0 else block.filters, block, stride, norm)
            for place, stride in enumerate(block.strides)
        )
        self.activation = _ACTIVATIONS[activation]()
        self.excite = (
            SqueezeExcite(block.filters, block.excite, activation=self.activation)
            if block.excite
            else None
        )
        self.shortcuts = nn.ModuleList(
            _shortcut(width, block, norm, frames)
            for width, frames in zip_longest(widths, sooner, fillvalue=0)
            if block.residual
        )
        self.dropout = Dropout(block.dropout)

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

    def start(self, batch: int) -> ConvBlockState:
        """Return what is kept before the first frame of a stream."""
        units = tuple(unit.over_time.start(batch) for unit in self._units)
        return ConvBlockState(units, tuple(one.start(batch) for one in self._shortcuts))

    def step(
        self, inputs: Sequence[Tensor], moment: Moment, state: ConvBlockState
    ) -> tuple[Tensor, Moment, ConvBlockState]:
        """Run the block on the next frames of a stream, in evaluation; it must not have a gate.

        Args:
            inputs: [B, width, 1, N] each, zero where they are not valid; N is a multiple of the
                stride.
            moment: where those of the block's own input, the last, stand.
            state: what went before.

        Returns:
            [B, filters, 1, N / stride] frames, where they stand, and what the next step needs.
        """
        frames, units, shortcuts = inputs[-1], [], []
        for place, (unit, kept) in enumerate(zip(self._units, state.units, strict=True)):
            if place > 0:
                frames = moment.silenced(self.activation(frames))
            frames, moment, heard = unit.step(frames, moment, kept)
            units.append(heard)
        for shortcut, x, kept in zip(self._shortcuts, inputs, state.shortcuts, strict=False):
            added, heard = shortcut.step(x, moment, kept)
            frames = frames + added
            shortcuts.append(heard)
        after = ConvBlockState(tuple(units), tuple(shortcuts))
        return moment.silenced(self.activation(frames)), moment, after

    @property
    def _units(self) -> list[ConvNorm]:
        return cast("list[ConvNorm]", list(self.units))

    @property
    def _shortcuts(self) -> list[Shortcut]:
        return cast("list[Shortcut]", list(self.shortcuts))

    def _settle(self, frames: Tensor, axis: TimeAxis) -> Tensor:
        frames = self.dropout(self.activation(frames))
        # The activation's backward pass may need its result.
        return frames * axis.mask if torch.is_grad_enabled() else frames.mul_(axis.mask)


def _unit(width_in: int, block: ConvBlock, stride: int, norm: FrameNorm) -> ConvNorm:
    over_time = partial(
        TimeConv, kernel=block.kernel, stride=stride, dilation=block.dilation, ahead=block.ahead
    )
    built = norm.build(block.filters)
    if not block.separable:
        return ConvNorm(over_time(width_in, block.filters, groups=block.groups), built)
    depthwise = over_time(width_in, width_in, groups=width_in)
    return ConvNorm(TimeConv(width_in, block.filters, groups=block.groups), built, depthwise)


def _shortcut(width_in: int, block: ConvBlock, norm: FrameNorm, sooner: int) -> Shortcut:
    conv = TimeConv(width_in, block.filters, stride=block.total_stride)
    return Shortcut(conv, norm.build(block.filters), block.delay + sooner)
