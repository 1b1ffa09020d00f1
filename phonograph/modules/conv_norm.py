"""A convolution over time with the norm that follows it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from phonograph.modules.fold_norms import Foldable
from phonograph.modules.frame_norm import (
    BatchFrameNorm,
    GroupFrameNorm,
    NoFrameNorm,
)
from phonograph.modules.moment import Moment
from phonograph.modules.reach import Reach
from phonograph.modules.time_axis import TimeAxis
from phonograph.modules.time_conv import TimeConv

Norm = BatchFrameNorm | GroupFrameNorm | NoFrameNorm


class Normalized(Foldable):
    """A convolution and its norm."""

    conv: TimeConv
    norm: Norm

    def fold(self) -> bool:
        """Let the convolution do the work of a batch norm; see `Foldable`."""
        if not isinstance(self.norm, BatchFrameNorm):
            return False
        scale, shift = self.norm.scale_and_shift()
        with torch.no_grad():
            self.conv.weight.mul_(scale[:, None, None])
        self.conv.bias = nn.Parameter(shift)
        self.norm = NoFrameNorm()
        return True


class ConvNorm(Normalized):
    """A convolution, whole or separable, its norm, and a shuffle of its groups.

    Args:
        conv: over time; pointwise where there is a depthwise one.
        norm: of what it gives.
        depthwise: over time, before a pointwise one.

    >>> unit = ConvNorm(TimeConv(4, 6, 3, stride=2), BatchFrameNorm(6))
    >>> frames, axis = unit(torch.zeros(1, 4, 1, 5), TimeAxis.of(torch.tensor([5]), 5))
    >>> frames.shape, axis.lengths
    (torch.Size([1, 6, 1, 3]), tensor([3]))
    """

    def __init__(self, conv: TimeConv, norm: Norm, depthwise: TimeConv | None = None) -> None:
        super().__init__()
        self.depthwise = depthwise
        self.conv, self.norm = conv, norm

    def forward(self, frames: Tensor, axis: TimeAxis) -> tuple[Tensor, TimeAxis]:
        """Convolve [B, D, 1, T] to [B, D', 1, ceil(T/stride)]; return valid frames, too."""
        axis = axis.strided(self.over_time.stride[0])
        if self.depthwise is not None:
            frames = self.depthwise(frames)
            if self.norm.hears_padding:  # it must not hear what the filter has spread there
                frames = frames * axis.mask
        return self._mixed(self.norm(self.conv(frames), axis.mask)), axis

    @property
    def over_time(self) -> TimeConv:
        """The convolution that hears more than one frame."""
        return self.conv if self.depthwise is None else self.depthwise

    def step(self, frames: Tensor, moment: Moment, kept: Tensor) -> tuple[Tensor, Moment, Tensor]:
        """Convolve the next frames of a stream; see `TimeConv.step`."""
        frames, moment, kept = self.over_time.step(frames, moment, kept)
        if self.depthwise is not None:
            frames = self.conv(frames)
        return self._mixed(self.norm(frames, moment.mask(frames.shape[3]))), moment, kept

    def _mixed(self, frames: Tensor) -> Tensor:
        groups = self.conv.groups
        if groups == 1:
            return frames
        return frames.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)


class Shortcut(Normalized):
    """A pointwise convolution of an input that is added further on, and its norm.

    Args:
        conv: the convolution.
        norm: of what it gives.
        wait: how many frames later than its own frame an output is added in a stream, at least 0.
    """

    def __init__(self, conv: TimeConv, norm: Norm, wait: int) -> None:
        super().__init__()
        self.conv, self.norm = conv, norm
        self._reach = Reach(0, wait, conv.stride[0])

    def forward(self, frames: Tensor, axis: TimeAxis) -> Tensor:
        """Convolve [B, D, 1, T] to [B, D', 1, ceil(T/stride)]; `axis` is that of the result."""
        return self.norm(self.conv(frames), axis.mask)

    def start(self, batch: int) -> Tensor:
        """Return the frames before the first of a stream that wait: zeros."""
        return self.conv.weight.new_zeros(batch, self.conv.in_channels, 1, self._reach.again)

    def step(self, frames: Tensor, moment: Moment, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve frames of a stream that have waited.

        Args:
            frames: [B, D, 1, N] the next frames; N is a multiple of the stride.
            moment: where they stand.
            kept: what went before.

        Returns:
            [B, D', 1, N / stride], and what the next step needs.
        """
        heard, kept, _ = self._reach.heard(frames, kept, moment)
        added = self.conv(heard[..., : frames.shape[3]])
        return self.norm(added, moment.mask(added.shape[3])), kept
