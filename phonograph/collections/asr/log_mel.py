"""Logarithms of mel-band energies, the usual front end of speech recognition."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor, nn

from phonograph.modules.masks import valid_mask
from phonograph.modules.mel_filters import MelFilters
from phonograph.modules.ranges import check_above_zero, check_at_least
from phonograph.modules.short_time import pad_ends, power_spectrum
from phonograph.types.kinds import Audio, Lengths, Mel
from phonograph.types.ports import ports
from phonograph.types.registry import register

_STEADIER = 1e-5  # added to a standard deviation, so that a constant band stays finite


@register("asr.log_mel", version=1)
class LogMel(nn.Module):
    """Turn audio into log-mel features: short-time power, mel bands, natural logarithm.

    Frame t is centred on sample t * hop; windows are Hann (periodic), and `window` and `hop` are
    rounded to whole samples. Everything is computed in float32, also under autocast. Frames beyond
    an utterance's length are zero.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        n_mels: number of mel bands, 1 to 1024.
        window: length of the analysis window in seconds, above 0, at most 65536 samples.
        hop: time between frames in seconds, above 0.
        normalize: `per_feature` gives every band of every utterance mean 0 and standard deviation 1
            over its valid frames; `none` leaves the logarithms as they are.
        padding: what lies beyond both ends of an utterance: `zero`, or its mirror image, `reflect`.
        floor: smallest energy before the logarithm, above 0.
        filters: points of the Fourier transform and shape of the mel bands.

    Raises:
        ValueError: an argument is out of range, or the bands do not fit the sample rate.

    >>> features, lengths = LogMel(16000)(torch.randn(2, 16000), torch.tensor([16000, 8000]))
    >>> features.shape, lengths
    (torch.Size([2, 80, 101]), tensor([101,  51]))
    """

    window: Tensor
    bank: Tensor

    def __init__(
        self,
        sample_rate: int,
        *,
        n_mels: int = 80,
        window: float = 0.025,
        hop: float = 0.01,
        normalize: Literal["per_feature", "none"] = "per_feature",
        padding: Literal["reflect", "zero"] = "zero",
        floor: float = 1e-10,
        filters: MelFilters | None = None,
    ) -> None:
        super().__init__()
        check_at_least(1, sample_rate=sample_rate)
        check_above_zero(floor=floor)
        samples = whole_samples(window, sample_rate, "window")
        self.hop = whole_samples(hop, sample_rate, "hop")
        self.normalize = normalize
        self.padding = padding
        self.floor = floor
        bank = (filters or MelFilters()).bank(sample_rate, n_mels=n_mels, window=samples)
        self.n_fft = filters.n_fft if filters and filters.n_fft else 2 * (bank.shape[0] - 1)
        # The window lies in the middle of the transform, whose middle lies on the frame's sample.
        self.before = self.n_fft // 2 - (self.n_fft - samples) // 2
        self.after = samples - self.before
        # Signal processing constants stay on the CPU even where weights have no memory.
        self.register_buffer("window", torch.hann_window(samples, device="cpu"), persistent=False)
        self.register_buffer("bank", bank, persistent=False)

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={
            "features": Mel("B n_mels floor(S/floor(hop*sample_rate+1/2))+1"),
            "lengths": Lengths("B", of="floor(S/floor(hop*sample_rate+1/2))+1"),
        },
    )
    def forward(self, audio: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the features.

        Args:
            audio: [B, S] samples in [-1, 1].
            lengths: [B] valid samples.

        Returns:
            [B, n_mels, T] features and [B] valid frames.
        """
        with torch.autocast(audio.device.type, enabled=False):
            padded = pad_ends(
                audio.float(), lengths, before=self.before, after=self.after, padding=self.padding
            )
            power_btf = power_spectrum(padded, self.window, hop=self.hop, n_fft=self.n_fft)
            mel_bdt = (power_btf @ self.bank).transpose(1, 2)
            features = mel_bdt.clamp(min=self.floor).log()
            frames = lengths // self.hop + 1
            valid = valid_mask(frames, features.shape[2]).unsqueeze(1)
            if self.normalize == "per_feature":
                features = standardized(features, valid)
        return features.masked_fill(~valid, 0.0), frames


def whole_samples(seconds: float, sample_rate: int, name: str) -> int:
    """Round a duration to whole samples, halves up, exactly as the port of the features says.

    Args:
        seconds: the duration, read as the decimal it is written as.
        sample_rate: samples per second.
        name: what a refusal calls the duration.

    Raises:
        ValueError: that is less than one sample, or not finite.

    >>> whole_samples(0.03, 22050, "hop")  # 661.5; the binary number nearest to 0.03 gives less
    662
    """
    samples = 0
    if math.isfinite(seconds):
        samples = math.floor(Fraction(str(seconds)) * sample_rate + Fraction(1, 2))
    if samples < 1:
        raise ValueError(
            f"`{name}` must be one sample or more at {sample_rate} Hz, not {seconds} s"
        )
    return samples


def standardized(features: Tensor, valid: Tensor) -> Tensor:
    """Give every row mean 0 and standard deviation 1 over its valid frames.

    Args:
        features: [B, D, T].
        valid: [B, 1, T], True where a frame counts.

    Returns:
        [B, D, T]; a row with a single valid frame becomes 0.
    """
    count = valid.sum(2, keepdim=True)
    mean = features.masked_fill(~valid, 0.0).sum(2, keepdim=True) / count
    centred = (features - mean).masked_fill(~valid, 0.0)
    variance = centred.square().sum(2, keepdim=True) / (count - 1).clamp(min=1)
    return centred / (variance.sqrt() + _STEADIER)
