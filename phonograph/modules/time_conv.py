"""A convolution over time for frames that lie as an image of height one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.depthwise import depthwise_conv
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_odd_kernel
from phonograph.modules.reach import Reach


class TimeConv(nn.Conv1d):
    """Convolve frames [B, D, 1, T] over time; T frames give ceil(T/stride).

    On a processor it wants, and gives, frames whose channels lie side by side in memory
    (`torch.channels_last`): several times as quick as `nn.Conv1d`. The parameters are those of
    `nn.Conv1d`.

    Args:
        width_in: channels in, at least 1.
        width_out: channels out, at least 1.
        kernel: taps, odd.
        stride: frames from one output frame to the next, at least 1.
        dilation: frames between taps, at least 1.
        groups: parts of the channels that do not hear each other; divides both widths.
        ahead: taps after an output's own frame, 0 to kernel - 1; half of them by default.

    Raises:
        ValueError: `kernel` is even or below 1, `ahead` is out of range, or `groups` does not
            divide the widths.

    >>> TimeConv(4, 6, 3, stride=2)(torch.zeros(2, 4, 1, 9)).shape
    torch.Size([2, 6, 1, 5])
    """

    def __init__(
        self,
        width_in: int,
        width_out: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        ahead: int | None = None,
    ) -> None:
        check_ahead(kernel, ahead)
        if width_in % groups or width_out % groups:
            message = f"`groups`: {groups} groups do not divide {width_in} and {width_out} channels"
            raise ValueError(message)
        super().__init__(
            width_in,
            width_out,
            kernel,
            stride=stride,
            dilation=dilation,
            groups=groups,
            bias=False,
        )
        after = kernel // 2 if ahead is None else ahead
        self.before, self.after = dilation * (kernel - 1 - after), dilation * after
        self.depthwise = groups == width_in == width_out

    def forward(self, frames: Tensor) -> Tensor:
        """Convolve [B, width_in, 1, T] to [B, width_out, 1, ceil(T/stride)]."""
        if self.before == self.after:
            return self._filtered(frames, self.after)
        return self._filtered(functional.pad(frames, (self.before, self.after)), 0)

    def start(self, batch: int) -> Tensor:
        """Return the frames before the first of a stream that it hears: zeros."""
        return self.weight.new_zeros(batch, self.in_channels, 1, self._reach.again)

    def step(self, frames: Tensor, moment: Moment, kept: Tensor) -> tuple[Tensor, Moment, Tensor]:
        """Convolve the next frames of a stream.

        Args:
            frames: [B, width_in, 1, N], of which the last is the last that an output hears; N is a
                multiple of the stride.
            moment: where they stand.
            kept: what went before.

        Returns:
            [B, width_out, 1, N / stride], where they stand, and what the next step needs.
        """
        heard, kept, moment = self._reach.heard(frames, kept, moment)
        return self._filtered(heard, 0), moment, kept

    @property
    def _reach(self) -> Reach:
        return Reach(self.before, self.after, self.stride[0])

    def _filtered(self, frames: Tensor, padding: int) -> Tensor:
        (stride,), (dilation,) = self.stride, self.dilation
        if self.kernel_size == (1,) and stride > 1 and not torch.compiler.is_exporting():
            # oneDNN's gradient for one tap with a stride writes beyond its memory where channels
            # are few.
            frames, stride = frames[..., ::stride], 1
        weight = self.weight.unsqueeze(2)
        if self.depthwise:
            return depthwise_conv(
                frames, weight, self.bias, stride=stride, padding=padding, dilation=dilation
            )
        if self.kernel_size == (1,) and frames.device.type == "cpu":
            # PyTorch hands a convolution without extent to a quick kernel only when it looks
            # dilated, or on several threads; what is exported should look as it is.
            dilation = 1 if torch.compiler.is_exporting() else 2
        return functional.conv2d(
            frames, weight, self.bias, (1, stride), (0, padding), (1, dilation), self.groups
        )


def check_ahead(kernel: int, ahead: int | None) -> None:
    """Refuse taps that cannot be centred, or more taps ahead than there are.

    Raises:
        ValueError: `kernel` is even or below 1, or `ahead` is not in 0 to kernel - 1.
    """
    check_odd_kernel(kernel)
    if ahead is not None and not 0 <= ahead < kernel:
        raise ValueError(f"`ahead` must be 0 to {kernel - 1}, the kernel less one, not {ahead}")
