"""Triangular filters that sum the bins of a Fourier transform into mel bands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

_HTK_BREAK = 700.0
_HTK_SCALE = 2595.0
_SLANEY_KNEE = 1000.0  # linear below, logarithmic above
_SLANEY_HZ_PER_MEL = 200.0 / 3.0
_SLANEY_STEP = math.log(6.4) / 27.0
_LARGEST_TRANSFORM = 1 << 16
_MOST_BANDS = 1024
_MOST_COPIES = 64


@dataclass(frozen=True, slots=True)
class MelFilters:
    """How many bins there are, and how they are weighed.

    Args:
        n_fft: points of the Fourier transform, at least the window's samples and at most 65536; by
            default the smallest power of two that holds the window and leaves no band empty.
        f_min: lower edge of the first band in Hz, at least 0.
        f_max: upper edge of the last band in Hz, above `f_min`; by default half the sample rate.
        scale: `slaney` is linear up to 1 kHz, logarithmic above; `htk` is 2595 log10(1 + f/700).
        norm: `slaney` gives every band the same area, `none` the same height.
        edges: `exact` places the corners of the triangles at their frequencies, `bins` rounds them
            down to whole bins, at least one bin apart.
        copies: how often all bands are given, one time after the other, 1 to 64, as NeMo does with
            `frame_splicing`; the number of bands counts them all.

    Raises:
        ValueError: a frequency or `n_fft` is out of range.

    >>> MelFilters(n_fft=400, f_min=40.0).bank(16000, n_mels=80, window=400).shape
    torch.Size([201, 80])
    """

    n_fft: int | None = None
    f_min: float = 0.0
    f_max: float | None = None
    scale: Literal["slaney", "htk"] = "slaney"
    norm: Literal["slaney", "none"] = "slaney"
    edges: Literal["exact", "bins"] = "exact"
    copies: int = 1

    def __post_init__(self) -> None:
        if self.n_fft is not None and not 2 <= self.n_fft <= _LARGEST_TRANSFORM:
            raise ValueError(f"`n_fft` must be 2 to {_LARGEST_TRANSFORM}, not {self.n_fft}")
        if not self.f_min >= 0:
            raise ValueError(f"`f_min` must be at least 0 Hz, not {self.f_min}")
        if self.f_max is not None and not self.f_max > self.f_min:
            raise ValueError(f"`f_max` must be above `f_min`, {self.f_min} Hz, not {self.f_max}")
        if not 1 <= self.copies <= _MOST_COPIES:
            raise ValueError(f"`copies` must be 1 to {_MOST_COPIES}, not {self.copies}")

    def bank(self, sample_rate: int, *, n_mels: int, window: int) -> Tensor:
        """Compute the filters.

        Args:
            sample_rate: samples per second, at least 1.
            n_mels: number of bands, 1 to 1024.
            window: samples of the analysis window, 1 to 65536.

        Returns:
            [n_fft/2 + 1, n_mels] weights, float32.

        Raises:
            ValueError: the bands do not lie below half the sample rate, there are too many, or the
                window is too long.
        """
        highest = self._highest(sample_rate)
        if not 1 <= n_mels <= _MOST_BANDS:
            raise ValueError(f"`n_mels` must be 1 to {_MOST_BANDS}, not {n_mels}")
        if n_mels % self.copies:
            raise ValueError(f"`copies`: {n_mels} bands are not {self.copies} times the same")
        if window > _LARGEST_TRANSFORM:
            message = f"`window` must be at most {_LARGEST_TRANSFORM} samples, not {window}"
            raise ValueError(message)
        if self.n_fft is not None and self.n_fft < window:
            raise ValueError(f"`n_fft` must hold a window of {window} samples, not {self.n_fft}")
        # On the CPU even where a graph is built without memory: the bands decide n_fft.
        with torch.device("cpu"):
            corners = self._corners(highest, n_mels // self.copies)
            bank = self._bank(corners, window, sample_rate)
            return bank.repeat(1, self.copies)

    def _highest(self, sample_rate: int) -> float:
        half = sample_rate / 2
        if self.f_max is not None and self.f_max > half:
            raise ValueError(
                f"`f_max` must be at most half the sample rate, {half} Hz, not {self.f_max}"
            )
        if self.f_min >= half:
            raise ValueError(
                f"`f_min` must be below half the sample rate, {half} Hz, not {self.f_min}"
            )
        return half if self.f_max is None else self.f_max

    def _bank(self, corners: Tensor, window: int, sample_rate: int) -> Tensor:
        if self.n_fft is not None:
            return self._weights(corners, self.n_fft, sample_rate)
        n_fft = 1 << (window - 1).bit_length()
        weights = self._weights(corners, n_fft, sample_rate)
        while bool((weights.amax(0) == 0).any()) and n_fft < _LARGEST_TRANSFORM:
            n_fft *= 2
            weights = self._weights(corners, n_fft, sample_rate)
        return weights

    def _corners(self, highest: float, n_mels: int) -> Tensor:
        ends = hertz_to_mel(torch.tensor([self.f_min, highest], dtype=torch.float64), self.scale)
        mels = torch.linspace(float(ends[0]), float(ends[1]), n_mels + 2, dtype=torch.float64)
        return mel_to_hertz(mels, self.scale)

    def _weights(self, corners: Tensor, n_fft: int, sample_rate: int) -> Tensor:
        frequencies = torch.arange(n_fft // 2 + 1, dtype=torch.float64)
        if self.edges == "exact":
            frequencies = frequencies * (sample_rate / n_fft)
            left, centre, right = corners[:-2], corners[1:-1], corners[2:]
        else:
            bins = (corners * ((n_fft + 1) / sample_rate)).floor()
            left = bins[:-2]
            centre = torch.maximum(bins[1:-1], left + 1)
            right = torch.maximum(bins[2:], centre + 1)
        rising = (frequencies.unsqueeze(1) - left) / (centre - left)
        falling = (right - frequencies.unsqueeze(1)) / (right - centre)
        weights = torch.minimum(rising, falling).clamp(min=0)
        if self.norm == "slaney":
            weights = weights * (2 / (corners[2:] - corners[:-2]))
        return weights.float()


def hertz_to_mel(hertz: Tensor, scale: Literal["slaney", "htk"]) -> Tensor:
    """Turn frequencies in Hz into mels.

    >>> hertz_to_mel(torch.tensor([500.0, 6400.0]), "slaney")
    tensor([ 7.5000, 42.0000])
    """
    if scale == "htk":
        return _HTK_SCALE * torch.log10(1 + hertz / _HTK_BREAK)
    knee = _SLANEY_KNEE / _SLANEY_HZ_PER_MEL
    above = knee + torch.log(hertz.clamp(min=_SLANEY_KNEE) / _SLANEY_KNEE) / _SLANEY_STEP
    return torch.where(hertz < _SLANEY_KNEE, hertz / _SLANEY_HZ_PER_MEL, above)


def mel_to_hertz(mels: Tensor, scale: Literal["slaney", "htk"]) -> Tensor:
    """Turn mels into frequencies in Hz; the inverse of `hertz_to_mel`."""
    if scale == "htk":
        return _HTK_BREAK * (10 ** (mels / _HTK_SCALE) - 1)
    knee = _SLANEY_KNEE / _SLANEY_HZ_PER_MEL
    above = _SLANEY_KNEE * torch.exp((mels - knee).clamp(min=0) * _SLANEY_STEP)
    return torch.where(mels < knee, mels * _SLANEY_HZ_PER_MEL, above)
