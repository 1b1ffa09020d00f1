"""Positions told by a wide convolution over neighbouring frames."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.ranges import check_at_least


@dataclass(frozen=True, slots=True)
class PositionSettings:
    """How positions are told.

    Args:
        kernel: frames that are looked at, at least 1.
        groups: parts into which the channels are split, at least 1; they divide the width.

    Raises:
        ValueError: a number is out of range.
    """

    kernel: int = 128
    groups: int = 16

    def __post_init__(self) -> None:
        check_at_least(1, kernel=self.kernel, groups=self.groups)


class PositionalConv(nn.Module):
    """Convolve frames to learn where each stands (Baevski et al. 2020, 2006.11477, sec. 2).

    The weights of every tap are learnt as a direction and, apart from it, a length
    (Salimans and Kingma 2016, arXiv 1602.07868, sec. 2). An even kernel looks one frame further
    back than ahead.

    Args:
        width: channels in and out, a multiple of the groups.
        settings: kernel and groups.

    Raises:
        ValueError: the groups do not divide the width.

    >>> PositionalConv(8, PositionSettings(kernel=4, groups=2))(torch.zeros(1, 8, 5)).shape
    torch.Size([1, 8, 5])
    """

    def __init__(self, width: int, settings: PositionSettings) -> None:
        super().__init__()
        if width % settings.groups:
            message = f"`positions.groups`: {settings.groups} groups do not divide width {width}"
            raise ValueError(message)
        self.settings = settings
        shape = (width, width // settings.groups, settings.kernel)
        # as deviates what comes out of a layer in the original, whatever the sizes
        deviation = 2 * (settings.kernel * width) ** -0.5
        self.direction = nn.Parameter(torch.randn(shape) * deviation)
        self.gain = nn.Parameter(self.direction.detach().norm(dim=(0, 1)))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, width, T] to [B, width, T]; frames in the padding must be zero."""
        lengths = self.direction.norm(dim=(0, 1))
        kernel = self.settings.kernel
        # more zeros before than behind: the even kernel's middle is its later one
        padded = functional.pad(x, (kernel // 2, (kernel - 1) // 2))
        weight = self.direction * (self.gain / lengths)
        return functional.conv1d(padded, weight, self.bias, groups=self.settings.groups)
