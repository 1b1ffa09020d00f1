"""Faint noise on the samples while training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from phonograph.types.kinds import Audio, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.dither", version=1, random=True)
class Dither(nn.Module):
    """Add white noise while training, so that silence is never digital; in evaluation, nothing.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        amount: standard deviation of the noise, at least 0; samples are in [-1, 1].

    Raises:
        ValueError: the amount is below 0.

    >>> noisy = Dither(16000, amount=0.01)(torch.zeros(1, 16000), torch.tensor([16000]))
    >>> 0.009 < float(noisy.std()) < 0.011
    True
    """

    def __init__(self, sample_rate: int, *, amount: float = 1e-5) -> None:
        super().__init__()
        if not amount >= 0:
            raise ValueError(f"`amount` must be at least 0, not {amount}")
        self.sample_rate = sample_rate
        self.amount = amount

    @ports(audio=Audio("B S"), lengths=Lengths("B", of="S"), out={"audio": Audio("B S")})
    def forward(self, audio: Tensor, lengths: Tensor) -> Tensor:  # noqa: ARG002
        """Return audio [B, S] with noise, also in the padding, which nobody hears."""
        return audio + self.amount * torch.randn_like(audio) if self.training else audio
