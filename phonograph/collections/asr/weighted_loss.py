"""Two losses as one."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.types.kinds import Loss
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.weighted_loss", version=1)
class WeightedLoss(nn.Module):
    """Train two heads of one encoder (Hori et al. 2017, arXiv 1706.02737).

    The loss is (1 - weight) * first + weight * second. Each of the two still says itself which
    utterances it could not use.

    Args:
        weight: share of the second loss, in [0, 1].

    Raises:
        ValueError: the weight is out of range.

    >>> import torch
    >>> WeightedLoss(weight=0.3)(torch.tensor(10.0), torch.tensor(20.0))
    tensor(13.)
    """

    def __init__(self, weight: float = 0.3) -> None:
        super().__init__()
        if not 0 <= weight <= 1:
            raise ValueError(f"`weight` must be from 0 to 1, not {weight}")
        self.weight = weight

    @ports(first=Loss(""), second=Loss(""), out={"loss": Loss("")})
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the weighted mean of two losses, all scalars, in float32."""
        return (1 - self.weight) * first.float() + self.weight * second.float()
