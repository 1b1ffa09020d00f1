"""Log-mel features by the analysis kernels and mel bands that a checkpoint brings."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from phonograph.collections.asr.log_mel import whole_samples
from phonograph.modules.full_precision import full_precision
from phonograph.modules.half_rounding import rounded_to_half
from phonograph.modules.masks import valid_mask
from phonograph.modules.mel_filters import MelFilters
from phonograph.modules.ranges import check_above_zero, check_at_least
from phonograph.modules.short_time import fourier_kernels, kernel_power, pad_ends
from phonograph.types.kinds import Audio, Lengths, Mel
from phonograph.types.ports import ports
from phonograph.types.registry import register

_LONGEST_WINDOW = 4096  # samples; the kernels take memory by its square


@register("asr.stored_log_mel", version=1)
class StoredLogMel(nn.Module):
    """Turn audio into log-mel features by stored kernels: for models that come with their own.

    Without a checkpoint it equals `asr.log_mel` with `normalize: none`, `padding: reflect` and
    filters of as many points as the window has samples. Kernels and bands are buffers: they are
    saved and loaded with the weights, and training leaves them alone. Frame t is centred on sample
    t * hop; everything is computed in float32, also under autocast. Frames beyond an utterance's
    length are zero.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        n_mels: number of mel bands, 1 to 1024.
        window: length of the analysis window in seconds, rounded to whole samples, 2 to 4096 of
            them.
        hop: time between frames in seconds, above 0, rounded to whole samples.
        precision: `half` rounds the features to half precision, for a model trained that way.
        floor: smallest energy before the logarithm, above 0.

    Attributes:
        kernels: [2 * bins, samples of the window], the weights of the real parts of a spectrum,
            then those of its imaginary parts, with the window in them.
        bands: [bins, n_mels], the weights of each bin's power in each band.

    Raises:
        ValueError: an argument is out of range.

    >>> front_end = StoredLogMel(16000)
    >>> features, lengths = front_end(torch.randn(2, 16000), torch.tensor([16000, 8000]))
    >>> features.shape, lengths
    (torch.Size([2, 80, 101]), tensor([101,  51]))
    >>> front_end.kernels.shape, front_end.bands.shape
    (torch.Size([402, 400]), torch.Size([201, 80]))
    """

    kernels: Tensor
    bands: Tensor

    def __init__(
        self,
        sample_rate: int,
        *,
        n_mels: int = 80,
        window: float = 0.025,
        hop: float = 0.01,
        precision: Literal["float32", "half"] = "float32",
        floor: float = 1e-10,
    ) -> None:
        super().__init__()
        check_at_least(1, sample_rate=sample_rate)
        check_above_zero(floor=floor)
        samples = whole_samples(window, sample_rate, "window")
        if not 2 <= samples <= _LONGEST_WINDOW:
            raise ValueError(
                f"`window` must be 2 to {_LONGEST_WINDOW} samples, not {samples} ({window} s)"
            )
        self.hop = whole_samples(hop, sample_rate, "hop")
        self.precision = precision
        self.floor = floor
        self.before = samples // 2
        self.after = samples - self.before
        # Signal processing constants stay on the CPU even where weights have no memory.
        kernels = fourier_kernels(torch.hann_window(samples, device="cpu"))
        bands = MelFilters(n_fft=samples).bank(sample_rate, n_mels=n_mels, window=samples)
        self.register_buffer("kernels", kernels)
        self.register_buffer("bands", bands)

    @staticmethod
    def look_ahead(sample_rate: int, window: float) -> int:
        """Return the samples of a window after its middle.

        >>> StoredLogMel.look_ahead(16000, 0.025)
        199
        """
        samples = whole_samples(window, sample_rate, "window")
        return samples - samples // 2 - 1

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
        with full_precision(audio):
            padded = pad_ends(
                audio.float(), lengths, before=self.before, after=self.after, padding="reflect"
            )
            power_btf = kernel_power(padded, self.kernels, hop=self.hop)
            features = (power_btf @ self.bands).transpose(1, 2).clamp(min=self.floor).log()
            if self.precision == "half":
                # What such a model heard in training; the dtype stays, for the layers that follow.
                features = rounded_to_half(features)
            frames = lengths // self.hop + 1
            valid = valid_mask(frames, features.shape[2]).unsqueeze(1)
        return features.masked_fill(~valid, 0.0), frames
