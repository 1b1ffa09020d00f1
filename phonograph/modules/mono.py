"""One channel made of several."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.modules.ranges import check_at_least
from phonograph.types.kinds import Audio
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("adapt.mono", version=1)
class Mono(nn.Module):
    """Average the channels of a recording.

    Args:
        sample_rate: samples per second, at least 1; solved from the wire when left out.

    Raises:
        ValueError: `sample_rate` is below 1.

    >>> import torch
    >>> Mono(16000)(torch.tensor([[[1.0, 0.0], [0.0, -1.0]]]))
    tensor([[ 0.5000, -0.5000]])
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        check_at_least(1, sample_rate=sample_rate)

    @ports(audio=Audio("B C S", channels=None), out={"audio": Audio("B S")})
    def forward(self, audio: Tensor) -> Tensor:
        """Return samples [B, S] for the channels [B, C, S] of recordings."""
        return audio.mean(1)
