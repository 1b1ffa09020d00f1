"""Logarithms of the energy in equally wide bands of frequency."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.types.kinds import Audio, Features, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("mylab.band_energy", version=1)
class BandEnergy(nn.Module):
    """Turn audio into log band energies, after a first-order pre-emphasis.

    Frame t covers the samples from t * hop on. Frames beyond an utterance's length are zero.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        bands: number of bands from 0 to half the sample rate, at least 1.
        hop: time between frames in seconds, at least two samples.
        preemphasis: share of the sample before that is taken away from each sample, in [0, 1].
        slopes: whether half the difference between the frames around it follows each frame.

    Raises:
        ValueError: an argument is out of range.

    >>> features, lengths = BandEnergy(8000)(torch.zeros(1, 800), torch.tensor([800]))
    >>> features.shape, lengths
    (torch.Size([1, 20, 11]), tensor([11]))
    """

    window: Tensor

    def __init__(
        self,
        sample_rate: int,
        *,
        bands: int = 20,
        hop: float = 0.01,
        preemphasis: float = 0.97,
        slopes: bool = False,
    ) -> None:
        super().__init__()
        self.hop = samples_in(hop, sample_rate)
        if self.hop < 2:
            raise ValueError(f"`hop` must be at least two samples, not {hop}")
        if not 1 <= bands <= self.hop // 2 + 1:
            raise ValueError(f"`bands` must be from 1 to {self.hop // 2 + 1}, not {bands}")
        if not 0 <= preemphasis <= 1:
            raise ValueError(f"`preemphasis` must be from 0 to 1, not {preemphasis}")
        self.bands, self.preemphasis, self.slopes = bands, preemphasis, slopes
        self.register_buffer("window", torch.hann_window(self.hop), persistent=False)

    @staticmethod
    def derived(bands: int, slopes: bool) -> dict[str, int]:  # noqa: FBT001 - called by name
        """Return the width of a frame, which the ports below use."""
        return {"width": bands * (2 if slopes else 1)}

    @staticmethod
    def look_ahead(sample_rate: int, hop: float, slopes: bool) -> float:  # noqa: FBT001
        """Return how many samples after the one at which it stands a frame depends on."""
        samples = samples_in(hop, sample_rate)
        return (2 if slopes else 1) * samples - 1

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={
            "features": Features("B width floor(S/floor(hop*sample_rate+1/2))+1"),
            "lengths": Lengths("B", of="floor(S/floor(hop*sample_rate+1/2))+1"),
        },
    )
    def forward(self, audio: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the features.

        Args:
            audio: [B, S] samples in [-1, 1].
            lengths: [B] valid samples.

        Returns:
            [B, width, T] features and [B] valid frames.
        """
        emphasized = audio - self.preemphasis * functional.pad(audio, (1, -1))
        steps = torch.arange(audio.shape[1], device=audio.device)
        # after the filter: what it makes of the first sample of padding is not speech
        emphasized = emphasized.masked_fill(steps >= lengths.unsqueeze(1), 0.0)
        frames_bth = functional.pad(emphasized, (0, self.hop)).unfold(1, self.hop, self.hop)
        power = torch.fft.rfft(frames_bth * self.window).abs().square()
        energies_btd = functional.adaptive_avg_pool1d(power, self.bands)
        x_bdt = (energies_btd + 1e-8).log().transpose(1, 2)
        frames = lengths // self.hop + 1
        steps = torch.arange(x_bdt.shape[2], device=audio.device)
        padding = (steps >= frames.unsqueeze(1)).unsqueeze(1)
        x_bdt = x_bdt.masked_fill(padding, 0.0)
        if self.slopes:
            before, after = functional.pad(x_bdt, (1, -1)), functional.pad(x_bdt, (-1, 1))
            slopes_bdt = ((after - before) / 2).masked_fill(padding, 0.0)
            x_bdt = torch.cat([x_bdt, slopes_bdt], dim=1)
        return x_bdt, frames


def samples_in(seconds: float, sample_rate: int) -> int:
    """Round a time to whole samples.

    >>> samples_in(0.01, 22050)
    221
    """
    return math.floor(seconds * sample_rate + 0.5)
