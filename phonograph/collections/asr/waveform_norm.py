"""Samples of mean 0 and deviation 1, utterance by utterance."""

from __future__ import annotations

import math

from torch import Tensor, nn

from phonograph.modules.full_precision import full_precision
from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_above_zero, check_at_least
from phonograph.types.kinds import Audio, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.waveform_norm", version=1)
class WaveformNorm(nn.Module):
    """Give every utterance mean 0 and deviation 1 over its valid samples, as encoders of audio ask.

    Everything is computed in float32, also under autocast. Samples in the padding are zero.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.
        epsilon: added to the variance, above 0, so that silence stays finite.

    Raises:
        ValueError: a number is out of range.

    >>> import torch
    >>> norm = WaveformNorm(16000)
    >>> norm(torch.tensor([[1.0, 3.0, 9.0]]), torch.tensor([2]))
    tensor([[-1.,  1.,  0.]])
    """

    def __init__(self, sample_rate: int, *, epsilon: float = 1e-7) -> None:
        super().__init__()
        check_at_least(1, sample_rate=sample_rate)
        check_above_zero(epsilon=epsilon)
        self.epsilon = epsilon

    @staticmethod
    def look_ahead() -> float:
        """The whole utterance counts.

        >>> WaveformNorm.look_ahead()
        inf
        """
        return math.inf

    @ports(audio=Audio("B S"), lengths=Lengths("B", of="S"), out={"normed": Audio("B S")})
    def forward(self, audio: Tensor, lengths: Tensor) -> Tensor:
        """Return [B, S] samples for [B, S] samples."""
        with full_precision(audio):
            padding = ~valid_mask(lengths, audio.shape[1])
            count = lengths.clamp(min=1).unsqueeze(1)
            samples = audio.float().masked_fill(padding, 0.0)
            centred = (samples - samples.sum(1, keepdim=True) / count).masked_fill(padding, 0.0)
            variance = centred.square().sum(1, keepdim=True) / count
            return centred * (variance + self.epsilon).rsqrt()
