"""Mel-frequency cepstral coefficients, the front end of small recognisers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from phonograph.collections.asr.log_mel import Compression, LogMel
from phonograph.modules.block_stream import StreamState
from phonograph.modules.feature_scale import FeatureScale, FixedScale, Normalize
from phonograph.modules.framing import Framing
from phonograph.modules.full_precision import full_precision
from phonograph.modules.masks import valid_mask
from phonograph.modules.mel_filters import MelFilters
from phonograph.modules.wrapped_stream import WrappedStream
from phonograph.types.kinds import MFCC, Audio, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_FRAMING = Framing(padding="reflect")
_COMPRESSION = Compression(guard="add", floor=1e-6)
_FILTERS = MelFilters(scale="htk", norm="none")


@register("asr.mfcc", version=1)
class Mfcc(WrappedStream):
    """Turn audio into cepstra, cosine transforms of log-mel features (Davis, Mermelstein 1980).

    By default the coefficients are those of torchaudio's `MFCC` with `log_mels`, every utterance
    mirrored at its own ends: Hann windows, mel bands of equal height on the scale of HTK, the
    natural logarithm of energies plus 1e-6, an orthonormal transform. Everything is computed in
    float32, also under autocast. Frames beyond an utterance's length are zero.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        n_mfcc: number of coefficients, 1 to `n_mels`.
        n_mels: number of mel bands, 1 to 1024.
        window: length of the analysis window in seconds, above 0, at most 65536 samples.
        hop: time between frames in seconds, above 0.
        normalize: `per_feature` gives every coefficient of every utterance mean 0 and standard
            deviation 1 over its valid frames, `all_features` all of them together; `none` leaves
            them as they are; `{mean, deviation}` gives the numbers to use for each coefficient.
        framing: shape of the window, place and number of the frames, padding, pre-emphasis.
        compression: power of the spectrum, logarithm and its floor.
        filters: points of the Fourier transform and shape of the mel bands.

    Raises:
        ValueError: an argument is out of range, or the bands do not fit the sample rate.

    >>> features, lengths = Mfcc(16000)(torch.randn(2, 16000), torch.tensor([16000, 8000]))
    >>> features.shape, lengths
    (torch.Size([2, 64, 101]), tensor([101,  51]))
    """

    transform: Tensor

    def __init__(
        self,
        sample_rate: int,
        *,
        n_mfcc: int = 64,
        n_mels: int = 64,
        window: float = 0.025,
        hop: float = 0.01,
        normalize: Normalize = "none",
        framing: Framing = _FRAMING,
        compression: Compression = _COMPRESSION,
        filters: MelFilters = _FILTERS,
    ) -> None:
        if not 1 <= n_mfcc <= n_mels:
            raise ValueError(f"`n_mfcc` must be 1 to {n_mels}, the mel bands, not {n_mfcc}")
        log_mel = LogMel(
            sample_rate,
            n_mels=n_mels,
            window=window,
            hop=hop,
            normalize="none",
            framing=framing,
            compression=compression,
            filters=filters,
        )
        super().__init__(log_mel)
        self.log_mel = log_mel
        self.scale = FeatureScale(normalize, n_mfcc, "coefficients")
        self.no_stream = self.scale.no_stream or self.no_stream
        transform = cosine_transform(n_mfcc, n_mels)
        self.register_buffer("transform", transform, persistent=False)

    @staticmethod
    def derived(framing: Framing) -> dict[str, int]:
        """Return how many frames there are more than whole hops.

        >>> Mfcc.derived(Framing(frames="whole"))
        {'frames_more': 0}
        """
        return {"frames_more": framing.frames_more}

    @staticmethod
    def look_ahead(
        sample_rate: int,
        window: float,
        hop: float,
        normalize: str | FixedScale,
        framing: Framing,
        filters: MelFilters,
    ) -> float:
        """Return the samples of a window after its middle, or the whole utterance's.

        >>> Mfcc.look_ahead(16000, 0.025, 0.01, "none", Framing(), MelFilters())
        199
        """
        return LogMel.look_ahead(sample_rate, window, hop, normalize, framing, filters)

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={
            "features": MFCC("B n_mfcc floor(S/floor(hop*sample_rate+1/2))+frames_more"),
            "lengths": Lengths("B", of="floor(S/floor(hop*sample_rate+1/2))+frames_more"),
        },
    )
    def forward(self, audio: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the features.

        Args:
            audio: [B, S] samples in [-1, 1].
            lengths: [B] valid samples.

        Returns:
            [B, n_mfcc, T] features and [B] valid frames.
        """
        with full_precision(audio):
            bands_bdt, frames = self.log_mel(audio, lengths)
            cepstra = self.scale.fixed(self.transform @ bands_bdt)
            valid = valid_mask(frames, cepstra.shape[2]).unsqueeze(1)
            cepstra = self.scale.own(cepstra, valid)
        return cepstra.masked_fill(~valid, 0.0), frames

    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Compute the frames that the next hops of a stream complete."""
        bands_bdt, before, until, again = self.log_mel.advanced(x, state)
        with full_precision(x):
            return self.scale.fixed(self.transform @ bands_bdt), before, until, again

    def nothing(self, x: Tensor) -> Tensor:
        """Return no frames."""
        return x.new_zeros(len(x), len(self.transform), 0)

    @property
    def inner(self) -> LogMel:
        """The bands before the transform."""
        return self.log_mel


def cosine_transform(coefficients: int, bands: int) -> Tensor:
    """Return the orthonormal discrete cosine transform of type II.

    Args:
        coefficients: how many of its rows to keep, at least 1.
        bands: values that are transformed, at least 1.

    Returns:
        [coefficients, bands], float32, on the CPU.

    >>> cosine_transform(2, 2)
    tensor([[ 0.7071,  0.7071],
            [ 0.7071, -0.7071]])
    """
    places = torch.arange(bands, dtype=torch.float64, device="cpu") + 0.5
    rows = torch.arange(coefficients, dtype=torch.float64, device="cpu").unsqueeze(1)
    transform = torch.cos(math.pi / bands * rows * places) * math.sqrt(2 / bands)
    transform[0] /= math.sqrt(2)
    return transform.float()
