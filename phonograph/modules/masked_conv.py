"""A convolution over time that never hears padding."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.depthwise import DepthwiseConv1d
from phonograph.modules.masks import zero_padding
from phonograph.modules.ranges import check_odd_kernel


class MaskedConv1d(nn.Module):
    """Convolve the valid frames of every utterance as if only zeros surrounded them.

    An utterance of T frames gives ceil(T/stride) frames, alone or padded in a batch. Frames beyond
    that length hold no meaning.

    Args:
        width_in: channels in, at least 1.
        width_out: channels out, at least 1.
        kernel: taps, odd.
        stride: frames from one output frame to the next, at least 1.
        dilation: frames between taps, at least 1.
        depthwise: whether every channel is convolved on its own; `width_out` is then `width_in`.
        bias: whether a constant is added per channel.

    Raises:
        ValueError: `kernel` is even or below 1, or a depthwise width changes.

    >>> import torch
    >>> conv = MaskedConv1d(4, 6, 3, stride=2)
    >>> frames, lengths = conv(torch.zeros(2, 4, 9), torch.tensor([9, 4]))
    >>> frames.shape, lengths
    (torch.Size([2, 6, 5]), tensor([5, 2]))
    """

    def __init__(
        self,
        width_in: int,
        width_out: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        depthwise: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_odd_kernel(kernel)  # so that frames stay centred
        if depthwise and width_in != width_out:
            raise ValueError(f"a depthwise convolution keeps its width {width_in}, not {width_out}")
        self.stride = stride
        self.mixes_time = kernel > 1
        padding = dilation * (kernel // 2)
        self.conv: nn.Conv1d
        if depthwise:
            self.conv = DepthwiseConv1d(
                width_in, kernel, stride=stride, padding=padding, dilation=dilation, bias=bias
            )
        else:
            self.conv = nn.Conv1d(
                width_in, width_out, kernel, stride, padding, dilation=dilation, bias=bias
            )

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve.

        Args:
            frames: [B, width_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, width_out, ceil(T/stride)] frames and [B] valid ones among them.
        """
        if self.mixes_time:
            frames = zero_padding(frames, lengths)
        return self.conv(frames), strided(lengths, self.stride)


def strided(lengths: Tensor, stride: int) -> Tensor:
    """Return how many frames are left when only every `stride`-th is kept, rounded up.

    >>> import torch
    >>> strided(torch.tensor([4, 5]), 2)
    tensor([2, 3])
    """
    return (lengths + stride - 1) // stride
