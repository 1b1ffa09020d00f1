"""Convolutions over frequency and time together, which never hear padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.clipped_relu import ClippedRelu
from phonograph.modules.masks import valid_mask
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least
from phonograph.modules.reach import Reach

_BANDS, _FRAMES = 0, 1


@dataclass(frozen=True, slots=True)
class FrequencyConv:
    """One layer; pairs are (bands, frames).

    Args:
        filters: channels out, at least 1.
        kernel: taps, odd.
        stride: from one output to the next, at least 1.
        pool: outputs of which only the largest is kept, at least 1.

    Raises:
        ValueError: a number is out of range.
    """

    filters: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pool: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        check_at_least(1, filters=self.filters)
        check_at_least(1, stride=min(self.stride), pool=min(self.pool))
        if min(self.kernel) < 1 or not all(taps % 2 for taps in self.kernel):
            raise ValueError(f"`kernel` must have odd numbers, not {list(self.kernel)}")

    def left_of(self, size: int, way: int) -> int:
        """Return how many of `size` bands (0) or frames (1) are left."""
        for step in (self.stride[way], self.pool[way]):
            size = -(-size // step)
        return size


class FrequencyConvs(nn.Module):
    """Convolve, batch norm, clipped ReLU, layer after layer (Amodei et al. 2015, sec. 3.3 and 3.5).

    arXiv 1512.02595. Batch norm counts padded frames in training; in evaluation padding makes no
    difference.

    Args:
        bands: height of the features, at least 1.
        convs: the layers, first to last.

    >>> import torch
    >>> convs = FrequencyConvs(161, [FrequencyConv(32, (41, 11), (2, 2))])
    >>> frames, lengths = convs(torch.zeros(2, 161, 9), torch.tensor([9, 4]))
    >>> frames.shape, lengths
    (torch.Size([2, 2592, 5]), tensor([5, 2]))
    """

    def __init__(self, bands: int, convs: Sequence[FrequencyConv]) -> None:
        super().__init__()
        check_at_least(1, feat_in=bands)
        channels = [1, *(conv.filters for conv in convs)]
        self.layers = nn.ModuleList()
        for width_in, conv in zip(channels, convs, strict=False):
            self.layers.append(_Layer(width_in, bands, conv))
            bands = conv.left_of(bands, _BANDS)
        self.width = channels[-1] * bands

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve.

        Args:
            features: [B, bands, T].
            lengths: [B] valid frames.

        Returns:
            [B, width, ceil(T/stride)] frames, all bands of a channel together, zero in the
            padding, and [B] valid ones among them.
        """
        planes = _without_padding(features.unsqueeze(1), lengths)
        for layer in self.layers:
            planes, lengths = layer(planes, lengths)
        return planes.flatten(1, 2), lengths

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return what the layers keep before the first frame of a stream."""
        return tuple(layer.start(batch) for layer in self._each)

    def step(
        self, features: Tensor, moment: Moment, kept: tuple[Tensor, ...]
    ) -> tuple[Tensor, Moment, tuple[Tensor, ...]]:
        """Convolve the next frames of a stream, in evaluation.

        Args:
            features: [B, bands, N], of which the last is the last that an output hears; N is a
                multiple of the stride.
            moment: where they stand.
            kept: what went before.

        Returns:
            [B, width, N / stride] frames, where they stand, and what the next step needs.
        """
        planes, after = moment.silenced(features.unsqueeze(1)), []
        for layer, before in zip(self._each, kept, strict=True):
            planes, moment, heard = layer.step(planes, moment, before)
            after.append(heard)
        return planes.flatten(1, 2), moment, tuple(after)

    @property
    def _each(self) -> list[_Layer]:
        return cast("list[_Layer]", list(self.layers))


class _Layer(nn.Module):
    def __init__(self, width_in: int, bands_in: int, conv: FrequencyConv) -> None:
        super().__init__()
        bands, frames = conv.kernel
        padding = (bands // 2, frames // 2)
        self.conv = nn.Conv2d(width_in, conv.filters, conv.kernel, conv.stride, padding)
        self.norm = nn.BatchNorm2d(conv.filters)
        self.activation = ClippedRelu()
        self.settings, self.bands_in = conv, bands_in
        self.reach = Reach(frames // 2, frames // 2, conv.stride[_FRAMES])

    def forward(self, planes: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        planes = self.activation(self.norm(self.conv(planes)))
        settings = self.settings
        lengths = (lengths + settings.stride[_FRAMES] - 1) // settings.stride[_FRAMES]
        planes = _without_padding(planes, lengths)
        if max(settings.pool) > 1:  # nothing is below 0, so zeros in the padding never win
            planes = functional.max_pool2d(planes, settings.pool, ceil_mode=True)
            lengths = (lengths + settings.pool[_FRAMES] - 1) // settings.pool[_FRAMES]
        return planes, lengths

    def start(self, batch: int) -> Tensor:
        sizes = (batch, self.conv.in_channels, self.bands_in, self.reach.again)
        return self.conv.weight.new_zeros(sizes)

    def step(self, planes: Tensor, moment: Moment, kept: Tensor) -> tuple[Tensor, Moment, Tensor]:
        planes, kept, moment = self.reach.heard(planes, kept, moment)
        padding = (self.settings.kernel[_BANDS] // 2, 0)
        conv, pool = self.conv, self.settings.pool
        planes = functional.conv2d(planes, conv.weight, conv.bias, self.settings.stride, padding)
        planes = moment.silenced(self.activation(self.norm(planes)))
        if max(pool) > 1:
            moment = Reach(0, pool[_FRAMES] - 1, pool[_FRAMES]).outputs(moment)
            planes = functional.max_pool2d(planes, pool, ceil_mode=True)
        return planes, moment, kept


def frames_per_frame(convs: Sequence[FrequencyConv]) -> int:
    """Return how many frames of the features make one of the output.

    >>> frames_per_frame([FrequencyConv(8, (3, 3), (2, 2)), FrequencyConv(8, (3, 3), pool=(2, 2))])
    4
    """
    stride = 1
    for conv in convs:
        stride *= conv.stride[_FRAMES] * conv.pool[_FRAMES]
    return stride


def frames_ahead(convs: Sequence[FrequencyConv]) -> int:
    """Return how many frames of the features after its own an output depends on.

    >>> frames_ahead([FrequencyConv(8, (3, 3), (2, 2)), FrequencyConv(8, (3, 3), pool=(2, 2))])
    5
    """
    ahead, stride = 0, 1
    for conv in convs:
        step = conv.stride[_FRAMES]
        ahead += stride * (conv.kernel[_FRAMES] // 2 + step * (conv.pool[_FRAMES] - 1))
        stride *= step * conv.pool[_FRAMES]
    return ahead


def _without_padding(planes_bcft: Tensor, lengths: Tensor) -> Tensor:
    valid = valid_mask(lengths, planes_bcft.shape[3])
    return planes_bcft.masked_fill(~valid[:, None, None, :], 0.0)
