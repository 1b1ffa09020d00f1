"""Convolutions that turn samples into frames, as in wav2vec 2.0 and HuBERT."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.full_precision import full_precision
from phonograph.modules.masks import valid_mask, zero_padding
from phonograph.modules.ranges import check_at_least

Activation = Literal["gelu", "relu", "silu"]

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "relu": functional.relu,
    "silu": functional.silu,
}
_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class WaveformConvSettings:
    """What the convolutions over samples are like; by default those of the published models.

    Args:
        widths: channels out of each convolution, first to last, each at least 1.
        kernels: taps of each, at least 1; as many as widths.
        strides: steps from one output to the next of each, at least 1; as many as widths.
        norm: `first` gives every channel of the first convolution mean 0 and deviation 1 over the
            valid time of an utterance; `each` normalises every frame of every convolution.
        bias: whether each convolution adds a constant per channel.
        activation: after each convolution.

    Raises:
        ValueError: a number is out of range, or the three lists are not equally long.

    >>> settings = WaveformConvSettings()
    >>> settings.stride, settings.field
    (320, 400)
    """

    widths: tuple[int, ...] = (512, 512, 512, 512, 512, 512, 512)
    kernels: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    strides: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2)
    norm: Literal["first", "each"] = "first"
    bias: bool = False
    activation: Activation = "gelu"

    def __post_init__(self) -> None:
        if not self.widths:
            raise ValueError("`widths` must name at least one convolution")
        for name, numbers in (("kernels", self.kernels), ("strides", self.strides)):
            if len(numbers) != len(self.widths):
                counts = f"{len(numbers)} numbers for {len(self.widths)} convolutions"
                raise ValueError(f"`{name}` has {counts}")
            check_at_least(1, **{name: min(numbers)})
        check_at_least(1, widths=min(self.widths))

    @property
    def stride(self) -> int:
        """Samples from one frame to the next."""
        return math.prod(self.strides)

    @property
    def field(self) -> int:
        """Samples that one frame is made of."""
        samples = 1
        for kernel, stride in zip(reversed(self.kernels), reversed(self.strides), strict=True):
            samples = (samples - 1) * stride + kernel
        return samples


class WaveformConvs(nn.Module):
    """Turn samples into frames (Baevski et al. 2020, arXiv 2006.11477, sec. 2 and 4.2).

    No convolution reads beyond the ends of an utterance: one of S samples gives
    floor((S - field) / stride) + 1 frames. Where the original normalises over time, it counts the
    padding of a batch; here only valid time counts, which is the same for one utterance alone.

    Args:
        settings: widths, kernels, strides and the rest.

    >>> import torch
    >>> convs = WaveformConvs(WaveformConvSettings((4, 6), kernels=(4, 2), strides=(2, 2)))
    >>> frames, lengths = convs(torch.zeros(2, 20), torch.tensor([20, 11]))
    >>> frames.shape, lengths
    (torch.Size([2, 6, 4]), tensor([4, 2]))
    """

    def __init__(self, settings: WaveformConvSettings) -> None:
        super().__init__()
        self.settings = settings
        self.activation = ACTIVATIONS[settings.activation]
        widths = pairwise((1, *settings.widths))
        self.convs = nn.ModuleList(
            nn.Conv1d(before, after, kernel, stride, bias=settings.bias)
            for (before, after), kernel, stride in zip(
                widths, settings.kernels, settings.strides, strict=True
            )
        )
        normed = settings.widths if settings.norm == "each" else settings.widths[:1]
        kind = FrameNorm if settings.norm == "each" else TimeNorm
        self.norms = nn.ModuleList(kind(width) for width in normed)

    def forward(self, audio: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Turn [B, S] samples into [B, widths[-1], T] frames, and the lengths alike.

        Frames beyond an utterance's length have no meaning. There is one frame at least.
        """
        missing = self.settings.field - audio.shape[1]
        if missing > 0:  # no convolution takes less than its kernel
            audio = functional.pad(audio, (0, missing))
        x_bdt = zero_padding(audio.unsqueeze(1), lengths)
        numbers = zip(self.settings.kernels, self.settings.strides, strict=True)
        for place, (kernel, stride) in enumerate(numbers):
            x_bdt = self.convs[place](x_bdt)
            lengths = ((lengths - kernel) // stride + 1).clamp(min=0)
            if place < len(self.norms):
                x_bdt = self.norms[place](x_bdt, lengths)
            x_bdt = self.activation(x_bdt)
        return x_bdt, lengths


class TimeNorm(nn.Module):
    """Give every channel of every utterance mean 0 and deviation 1 over its valid time.

    Group normalisation with one group per channel (Wu and He 2018, arXiv 1803.08494) that counts
    no padding. Statistics are float32.

    Args:
        width: number of channels, at least 1.

    >>> import torch
    >>> norm = TimeNorm(1)
    >>> norm(torch.tensor([[[1.0, 3.0, 9.0]]]), torch.tensor([2]))[..., :2].round().tolist()
    [[[-1.0, 1.0]]]
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(width, width, eps=_EPSILON)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map [B, D, T] to [B, D, T]; what stands in the padding has no meaning."""
        with full_precision(x):
            x_bdt = x.float()
            # products with 0 and 1 sum up valid steps without a copy of all steps
            valid_bt1 = valid_mask(lengths, x.shape[2]).float().unsqueeze(2)
            count = lengths.clamp(min=1)[:, None, None]
            centred = x_bdt - x_bdt @ valid_bt1 / count
            variance = centred.square() @ valid_bt1 / count
            scale = (variance + _EPSILON).rsqrt() * self.norm.weight.unsqueeze(1)
            return torch.addcmul(self.norm.bias.unsqueeze(1), centred, scale).to(x.dtype)


class FrameNorm(nn.Module):
    """Normalise every frame over its channels (Ba et al. 2016, arXiv 1607.06450, sec. 3).

    Args:
        width: number of channels, at least 1.

    >>> import torch
    >>> FrameNorm(4)(torch.randn(2, 4, 5), torch.tensor([5, 3])).shape
    torch.Size([2, 4, 5])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=_EPSILON)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:  # noqa: ARG002 (as TimeNorm is called)
        """Map [B, D, T] to [B, D, T], each frame on its own."""
        return self.norm(x.transpose(1, 2)).transpose(1, 2)
