"""Audio played slower and faster while training."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor, nn

from phonograph.modules.resample import Resample
from phonograph.types.kinds import Audio, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_SLOWEST, _FASTEST = 0.5, 2.0
_FINEST = 100  # factors are shares of at most this denominator


@register("asr.speed_perturb", version=1, random=True)
class SpeedPerturb(nn.Module):
    """Play each utterance at a random speed while training; in evaluation, change nothing.

    Pitch and tempo change together (Ko et al. 2015, Audio augmentation for speech recognition,
    sec. 2.3): an utterance at speed 1.1 has ceil(lengths / 1.1) samples.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        factors: speeds to draw from, each as likely, from 0.5 to 2, of at most two decimals.

    Raises:
        ValueError: there is no factor, or one is out of range or has more than two decimals.

    >>> perturb = SpeedPerturb(16000, factors=[2.0])
    >>> audio, lengths = perturb(torch.zeros(2, 100), torch.tensor([100, 51]))
    >>> audio.shape, lengths
    (torch.Size([2, 50]), tensor([50, 26]))
    """

    def __init__(self, sample_rate: int, *, factors: Sequence[float] = (0.9, 1.0, 1.1)) -> None:
        super().__init__()
        if not factors:
            raise ValueError("`factors` must have at least one speed")
        speeds = [_speed(factor) for factor in factors]
        self.sample_rate = sample_rate
        self.players = nn.ModuleList(Resample(s.numerator, s.denominator) for s in speeds)

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={"audio": Audio("B T"), "lengths": Lengths("B", of="T")},
    )
    def forward(self, audio: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Play utterances at random speeds.

        Args:
            audio: [B, S].
            lengths: [B] valid samples.

        Returns:
            [B, T], zero beyond an utterance's end, and [B] valid samples.
        """
        if not self.training:
            return audio, lengths
        drawn = torch.randint(len(self.players), (audio.shape[0],))
        played = []
        for choice in drawn.unique().tolist():
            rows = (drawn == choice).nonzero().flatten().to(audio.device)
            played.append((rows, *self.players[choice](audio[rows], lengths[rows])))
        shorter = lengths.clone()
        for rows, _, samples in played:
            shorter[rows] = samples
        longest = int(shorter.max()) if len(shorter) else 0
        given = audio.new_zeros(audio.shape[0], longest)
        for rows, sound, _ in played:
            given[rows, : sound.shape[1]] = sound[:, :longest].to(given.dtype)
        return given, shorter


def _speed(factor: float) -> Fraction:
    """Return the factor as an exact share."""
    if not _SLOWEST <= factor <= _FASTEST:
        raise ValueError(f"`factors` must be from {_SLOWEST} to {_FASTEST:g}, not {factor}")
    speed = Fraction(factor).limit_denominator(_FINEST)
    if abs(float(speed) - factor) > 1e-9:
        raise ValueError(f"`factors` must have at most two decimals, not {factor}")
    return speed
