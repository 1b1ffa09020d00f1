"""Two branches, of which a gate lets one or the other through."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from phonograph.modules.equally_long import equally_long
from phonograph.modules.ranges import check_at_least
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("combine.gate", version=1)
class Gate(nn.Module):
    """Choose between two branches, for every frame and channel (Srivastava et al. 2015, sec. 2).

    g * first + (1 - g) * second, with g = sigmoid(W [first; second] + b): the coupled gates of
    highway networks, 1505.00387. Every value lies between those of the two branches.

    Args:
        feat_in: width of both branches, at least 1; solved from the wires when left out.
        bias: b at the start; below 0 prefers the second branch, above 0 the first.

    Raises:
        ValueError: `feat_in` is below 1.

    >>> import torch
    >>> Gate(4)(torch.zeros(2, 4, 7), torch.ones(2, 4, 7)).shape
    torch.Size([2, 4, 7])
    """

    def __init__(self, feat_in: int, *, bias: float = 0.0) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in)
        self.linear = nn.Linear(2 * feat_in, feat_in)
        nn.init.constant_(self.linear.bias, bias)

    @ports(
        first=Frames("B feat_in T"),
        second=Frames("B feat_in T"),
        out={"encoded": Encoded("B feat_in T")},
    )
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return [B, feat_in, T] for two branches [B, feat_in, T]."""
        first, second = equally_long([first, second])
        both_btd = torch.cat([first, second], 1).mT
        gate_bdt = self.linear(both_btd).sigmoid().mT
        return gate_bdt * first + (1 - gate_bdt) * second
