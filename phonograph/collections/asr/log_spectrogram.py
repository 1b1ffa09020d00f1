"""Logarithms of short-time power over linear frequency."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from phonograph.collections.asr.log_mel import whole_samples
from phonograph.modules.feature_scale import FeatureScale, FixedScale, Normalize
from phonograph.modules.frame_stream import FrameStream
from phonograph.modules.framing import Framing
from phonograph.modules.full_precision import full_precision
from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_above_zero, check_at_least
from phonograph.modules.short_time import power_spectrum
from phonograph.types.kinds import Audio, Lengths, Spectrogram
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.log_spectrogram", version=1)
class LogSpectrogram(FrameStream):
    """Turn audio into log-power spectra, the front end of Deep Speech 2 (1512.02595, sec. 3).

    Frame t is centred on sample t * hop; windows are Hann (periodic), and `window` and `hop` are
    rounded to whole samples. Everything is computed in float32, also under autocast. Frames beyond
    an utterance's length are zero.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        bins: number of frequencies, at least 2, from 0 to half the sample rate; 161 fit a window of
            320 samples.
        window: length of the analysis window in seconds, above 0, at most 2 * (bins - 1) samples.
        hop: time between frames in seconds, above 0.
        normalize: `per_feature` gives every bin of every utterance mean 0 and standard deviation 1
            over its valid frames, `all_features` all bins of an utterance together; `none` leaves
            the logarithms as they are; `{mean, deviation}` gives the numbers to use for each bin.
        floor: smallest power before the logarithm, above 0.

    Raises:
        ValueError: an argument is out of range.

    >>> features, lengths = LogSpectrogram(16000)(torch.zeros(1, 3200), torch.tensor([3200]))
    >>> features.shape, lengths
    (torch.Size([1, 161, 21]), tensor([21]))
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        bins: int = 161,
        window: float = 0.02,
        hop: float = 0.01,
        normalize: Normalize = "per_feature",
        floor: float = 1e-10,
    ) -> None:
        check_at_least(1, sample_rate=sample_rate)
        check_at_least(2, bins=bins)
        check_above_zero(floor=floor)
        samples = whole_samples(window, sample_rate, "window")
        n_fft = 2 * (bins - 1)
        if samples > n_fft:
            need = (samples + 1) // 2 + 1
            raise ValueError(f"`bins` must be at least {need} for {samples} samples, not {bins}")
        weights = torch.hann_window(samples, device="cpu")
        hops = whole_samples(hop, sample_rate, "hop")
        super().__init__(Framing(), weights, hop=hops, width=bins)
        self.n_fft, self.floor = n_fft, floor
        self.scale = FeatureScale(normalize, bins, "bins")
        self.no_stream = self.scale.no_stream

    @staticmethod
    def look_ahead(sample_rate: int, window: float, normalize: str | FixedScale) -> float:
        """Return the samples after its own that a frame hears; all where it is normalised.

        >>> LogSpectrogram.look_ahead(16000, 0.02, "none")
        159
        """
        if normalize in ("per_feature", "all_features"):
            return math.inf
        samples = whole_samples(window, sample_rate, "window")
        return samples - samples // 2 - 1

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={
            "features": Spectrogram("B bins floor(S/floor(hop*sample_rate+1/2))+1"),
            "lengths": Lengths("B", of="floor(S/floor(hop*sample_rate+1/2))+1"),
        },
    )
    def forward(self, audio: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the features.

        Args:
            audio: [B, S] samples in [-1, 1].
            lengths: [B] valid samples.

        Returns:
            [B, bins, T] features and [B] valid frames.
        """
        with full_precision(audio):
            padded = self.framing.padded(
                audio.float(), lengths, hop=self.hop, n_fft=len(self.window)
            )
            features = self.features(padded)
            frames = self.outputs(lengths)
            valid = valid_mask(frames, features.shape[2]).unsqueeze(1)
            features = self.scale.own(features, valid)
        return features.masked_fill(~valid, 0.0), frames

    def features(self, framed: Tensor) -> Tensor:
        """Return the features of audio in which frame t begins at sample t * hop."""
        power_btf = power_spectrum(framed, self.window, hop=self.hop, n_fft=self.n_fft)
        return self.scale.fixed(power_btf.transpose(1, 2).clamp(min=self.floor).log())
