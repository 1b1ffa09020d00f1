"""Recorded noise added to audio while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from phonograph.data.noise_folder import NoiseFolder
from phonograph.errors import DataError, Diagnostic
from phonograph.modules.ranges import check_at_least
from phonograph.types.kinds import Audio, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.add_noise", version=1, random=True)
class AddNoise(nn.Module):
    """Add noise to utterances at random while training; in evaluation, change nothing.

    A stretch of a recording is drawn for each utterance, repeated where it is too short, and scaled
    to a signal-to-noise ratio over the utterance's valid samples.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        folder: recordings of noise, in it or in folders below; they are looked at when training
            begins. Seeking in long mp3 files is slow; wav and flac are quick. Bundles leave it out.
        snr: lowest and highest signal-to-noise ratio in dB, uniformly drawn.
        probability: with which an utterance gets noise, in [0, 1].

    Raises:
        ValueError: an argument is out of range.

    >>> quiet = AddNoise(16000).eval()
    >>> quiet(torch.ones(1, 3), torch.tensor([3]))
    tensor([[1., 1., 1.]])
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        folder: Path | None = None,
        snr: Sequence[float] = (5.0, 20.0),
        probability: float = 0.5,
    ) -> None:
        super().__init__()
        check_at_least(1, sample_rate=sample_rate)
        if len(snr) != 2 or not -math.inf < snr[0] <= snr[1] < math.inf:
            raise ValueError(f"`snr` must be two numbers, the lower first, not {list(snr)}")
        if not 0 <= probability <= 1:
            raise ValueError(f"`probability` must be in [0, 1], not {probability}")
        self.sample_rate = sample_rate
        self.folder = folder
        self.lowest, self.highest = snr
        self.probability = probability
        self._noise: NoiseFolder | None = None

    @ports(audio=Audio("B S"), lengths=Lengths("B", of="S"), out={"audio": Audio("B S")})
    def forward(self, audio: Tensor, lengths: Tensor) -> Tensor:
        """Return audio [B, S], some rows with noise; what is beyond their ends stays as it is.

        Raises:
            DataError: in training, there is no folder, or its recordings cannot be used.
        """
        if not self.training or self.probability == 0:
            return audio
        noise = self._opened()
        drawn = torch.rand(audio.shape[0], 4, dtype=torch.float64)
        noisy = audio.clone()
        for row, (chance, which, where, level) in enumerate(drawn.tolist()):
            length = int(lengths[row])
            if chance < self.probability and length:
                added = noise.stretch(which, where, length).to(audio)
                ratio = self.lowest + (self.highest - self.lowest) * level
                noisy[row, :length] += added * noise_scale(audio[row, :length], added, ratio)
        return noisy

    def _opened(self) -> NoiseFolder:
        if self._noise is None:
            if self.folder is None:
                help = "give one: modules.….with.folder=path/to/noise"
                raise DataError(Diagnostic("PD060", "no folder of noise is given", help=help))
            self._noise = NoiseFolder(self.folder, self.sample_rate)
        return self._noise


def noise_scale(signal: Tensor, noise: Tensor, decibels: float) -> Tensor:
    """Return the factor that brings noise to a signal-to-noise ratio.

    Args:
        signal: [S].
        noise: [S].
        decibels: ten times the logarithm of the ratio of their powers.

    Returns:
        one number; 0 where either is silence.

    >>> noise_scale(torch.full((4,), 2.0), torch.ones(4), 0.0)
    tensor(2.)
    """
    powers = signal.float().square().mean(), noise.float().square().mean()
    scale = (powers[0] / powers[1].clamp_min(1e-20) * 10 ** (-decibels / 10)).sqrt()
    return torch.where(powers[1] > 0, scale, torch.zeros_like(scale)).to(signal.dtype)
