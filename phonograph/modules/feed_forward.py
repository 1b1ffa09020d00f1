"""The feed-forward part of a Conformer layer: widen, SiLU, narrow."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.dropout import Dropout


class FeedForward(nn.Module):
    """Two linear layers with SiLU between (Gulati et al. 2020, arXiv 2005.08100, sec. 2.3).

    Args:
        width: channels in and out, at least 1.
        expansion: how many times wider the middle is, at least 1.
        bias: whether the linear layers have one.
        dropout: probability in [0, 1) of dropping a value of the middle in training.

    >>> FeedForward(8, expansion=4)(torch.zeros(2, 5, 8)).shape
    torch.Size([2, 5, 8])
    """

    def __init__(
        self, width: int, *, expansion: int = 4, bias: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, expansion * width, bias=bias)
        self.dropout = Dropout(dropout)
        self.linear2 = nn.Linear(expansion * width, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, T, D] to [B, T, D], each step on its own."""
        middle = functional.silu(self.linear1(x), inplace=not torch.is_grad_enabled())
        return self.linear2(self.dropout(middle))
