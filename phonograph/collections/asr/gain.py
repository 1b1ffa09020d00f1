"""Audio made louder and softer while training."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from phonograph.types.kinds import Audio, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.gain", version=1, random=True)
class Gain(nn.Module):
    """Change the level of each utterance at random while training; in evaluation, nothing.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        decibels: lowest and highest gain in dB, uniformly drawn.

    Raises:
        ValueError: these are not two finite numbers, the lower first.

    >>> louder = Gain(16000, decibels=[20.0, 20.0])(torch.ones(1, 2), torch.tensor([2]))
    >>> louder.round(decimals=3)
    tensor([[10., 10.]])
    """

    def __init__(self, sample_rate: int, *, decibels: Sequence[float] = (-10.0, 6.0)) -> None:
        super().__init__()
        if len(decibels) != 2 or not -math.inf < decibels[0] <= decibels[1] < math.inf:
            raise ValueError(
                f"`decibels` must be two numbers, the lower first, not {list(decibels)}"
            )
        self.sample_rate = sample_rate
        self.lowest, self.highest = decibels

    @ports(audio=Audio("B S"), lengths=Lengths("B", of="S"), out={"audio": Audio("B S")})
    def forward(self, audio: Tensor, lengths: Tensor) -> Tensor:  # noqa: ARG002
        """Return audio [B, S], each row at a level of its own."""
        if not self.training:
            return audio
        draws = torch.rand(audio.shape[0], 1, device=audio.device)
        gain = self.lowest + (self.highest - self.lowest) * draws
        return audio * (10 ** (gain / 20)).to(audio.dtype)
