"""Logarithms of mel-band energies, the usual front end of speech recognition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor

from phonograph.modules.feature_scale import FeatureScale, FixedScale, Normalize
from phonograph.modules.frame_stream import FrameStream
from phonograph.modules.framing import Framing
from phonograph.modules.full_precision import full_precision
from phonograph.modules.masks import valid_mask
from phonograph.modules.mel_filters import MelFilters
from phonograph.modules.ranges import check_above_zero, check_at_least
from phonograph.modules.short_time import power_spectrum
from phonograph.types.kinds import Audio, Lengths, Mel
from phonograph.types.ports import ports
from phonograph.types.registry import register

_ENERGY = 2.0
_PIECE = 2048  # frames of all utterances together


@dataclass(frozen=True, slots=True)
class Compression:
    """How the energies of a spectrum become features.

    Args:
        power: what the magnitudes of the spectrum are raised to before they are summed into bands,
            above 0: 2 gives energies.
        log: whether the natural logarithm is taken.
        floor: keeps the logarithm finite, above 0.
        guard: `clamp` takes the floor for every smaller energy, `add` adds it to all.

    Raises:
        ValueError: a number is not above 0.
    """

    power: float = 2.0
    log: bool = True
    floor: float = 1e-10
    guard: Literal["clamp", "add"] = "clamp"

    def __post_init__(self) -> None:
        check_above_zero(power=self.power, floor=self.floor)

    def compressed(self, bands: Tensor) -> Tensor:
        """Return the features of bands."""
        if not self.log:
            return bands
        return (bands + self.floor if self.guard == "add" else bands.clamp(min=self.floor)).log()


@register("asr.log_mel", version=2)
class LogMel(FrameStream):
    """Turn audio into log-mel features: short-time power, mel bands, natural logarithm.

    Frame t is centred on sample t * hop; windows are Hann (periodic), and `window` and `hop` are
    rounded to whole samples; `framing`, `compression` and `filters` have what is rarely changed.
    Everything is computed in float32, also under autocast. Frames beyond an utterance's length are
    zero.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        n_mels: number of mel bands, 1 to 1024.
        window: length of the analysis window in seconds, above 0, at most 65536 samples.
        hop: time between frames in seconds, above 0.
        normalize: `per_feature` gives every band of every utterance mean 0 and standard deviation 1
            over its valid frames, `all_features` all bands of an utterance together; `none` leaves
            the logarithms as they are; `{mean, deviation}` gives the numbers to use for each band.
        framing: shape of the window, place and number of the frames, padding, pre-emphasis.
        compression: power of the spectrum, logarithm and its floor.
        filters: points of the Fourier transform and shape of the mel bands.

    Raises:
        ValueError: an argument is out of range, or the bands do not fit the sample rate.

    >>> features, lengths = LogMel(16000)(torch.randn(2, 16000), torch.tensor([16000, 8000]))
    >>> features.shape, lengths
    (torch.Size([2, 80, 101]), tensor([101,  51]))
    """

    bank: Tensor

    def __init__(
        self,
        sample_rate: int,
        *,
        n_mels: int = 80,
        window: float = 0.025,
        hop: float = 0.01,
        normalize: Normalize = "per_feature",
        framing: Framing | None = None,
        compression: Compression | None = None,
        filters: MelFilters | None = None,
    ) -> None:
        check_at_least(1, sample_rate=sample_rate)
        samples = whole_samples(window, sample_rate, "window")
        bank = (filters or MelFilters()).bank(sample_rate, n_mels=n_mels, window=samples)
        n_fft = filters.n_fft if filters and filters.n_fft else 2 * (bank.shape[0] - 1)
        framing = framing or Framing()
        # Signal processing constants stay on the CPU even where weights have no memory.
        weights = framing.window(samples, n_fft)
        hops = whole_samples(hop, sample_rate, "hop")
        super().__init__(framing, weights, hop=hops, width=bank.shape[1])
        self.normalize, self.n_mels, self.n_fft = normalize, n_mels, n_fft
        self.scale = FeatureScale(normalize, bank.shape[1], "bands")
        self.compression = compression or Compression()
        self.register_buffer("bank", bank, persistent=False)
        self.no_stream = self.scale.no_stream or _why_not_streaming(framing)

    @staticmethod
    def derived(framing: Framing | None) -> dict[str, int]:
        """Return how many frames there are more than whole hops.

        >>> LogMel.derived(Framing(frames="whole"))
        {'frames_more': 0}
        """
        return {"frames_more": (framing or Framing()).frames_more}

    @staticmethod
    def look_ahead(
        sample_rate: int,
        window: float,
        hop: float,
        normalize: str | FixedScale,
        framing: Framing | None,
        filters: MelFilters | None,
    ) -> float:
        """Return the samples of a window after its middle, or the whole utterance's.

        >>> LogMel.look_ahead(16000, 0.025, 0.01, "none", None, None)
        199
        >>> LogMel.look_ahead(16000, 0.025, 0.01, "per_feature", None, None)
        inf
        """
        if normalize in ("per_feature", "all_features"):
            return math.inf
        samples = whole_samples(window, sample_rate, "window")
        # any even number of points places the window alike
        n_fft = filters.n_fft if filters and filters.n_fft else samples + samples % 2
        hops = whole_samples(hop, sample_rate, "hop")
        return (framing or Framing()).look_ahead(window=samples, hop=hops, n_fft=n_fft)

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={
            "features": Mel("B n_mels floor(S/floor(hop*sample_rate+1/2))+frames_more"),
            "lengths": Lengths("B", of="floor(S/floor(hop*sample_rate+1/2))+frames_more"),
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
        frames = self.outputs(lengths)
        with full_precision(audio):
            features = self._scaled(self._bands_of(audio.float(), lengths))
            if (more := self.framing.frames_more) < 1:
                features = features[:, :, : more - 1]  # one is made for every hop begun, and one
            valid = valid_mask(frames, features.shape[2]).unsqueeze(1)
            features = self.scale.own(features, valid)
        return features.masked_fill(~valid, 0.0), frames

    def features(self, framed: Tensor) -> Tensor:
        """Return the features of audio in which frame t begins at sample t * hop."""
        return self._scaled(self._bands(framed))

    def _bands_of(self, audio: Tensor, lengths: Tensor) -> Tensor:
        padded = self.framing.padded(audio, lengths, hop=self.hop, n_fft=self.n_fft)
        if padded.device.type != "cpu" or torch.compiler.is_compiling():
            return self._bands(padded)
        # spectra are large: what stays in the processor's cache need not go to memory
        pieces = overlapping(padded, max(1, _PIECE // len(padded)), self.hop, self.n_fft)
        return torch.cat([self._bands(piece) for piece in pieces], 1)

    def _bands(self, padded: Tensor) -> Tensor:
        power_btf = power_spectrum(padded, self.window, hop=self.hop, n_fft=self.n_fft)
        if self.compression.power != _ENERGY:
            power_btf = power_btf.pow(self.compression.power / _ENERGY)
        return power_btf @ self.bank

    def _scaled(self, bands_btd: Tensor) -> Tensor:
        return self.scale.fixed(self.compression.compressed(bands_btd.transpose(1, 2)))


def _why_not_streaming(framing: Framing) -> str | None:
    if framing.padding == "reflect":
        return "`framing.padding` reflect begins and ends with what comes after and before"
    if framing.preemphasis and framing.frames == "between":
        return "`framing.preemphasis` with frames `between` leaves the end out"
    return None


def overlapping(padded: Tensor, frames: int, hop: int, size: int) -> Iterator[Tensor]:
    """Cut audio into pieces of so many frames each, the last of what is left.

    Args:
        padded: [B, S] samples, at least one frame long.
        frames: frames of a piece, at least 1.
        hop: samples between the starts of two frames.
        size: samples of a frame.

    >>> [piece.tolist() for piece in overlapping(torch.arange(8)[None], 2, hop=2, size=3)]
    [[[0, 1, 2, 3, 4]], [[4, 5, 6, 7]]]
    """
    for first in range(0, (padded.shape[1] - size) // hop + 1, frames):
        start = first * hop
        yield padded[:, start : min(start + (frames - 1) * hop + size, padded.shape[1])]


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
