"""Dropout that is quick on processors without an accelerator."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEPS = 1 << 16
"""How many probabilities 16 random bits can tell apart."""


class Dropout(nn.Dropout):
    """Zero values at random in training and scale up the others (Srivastava et al. 2014).

    On a processor the probability is rounded to a multiple of 1/65,536: a value then costs 16
    random bits, which are drawn in less time than a number each.

    >>> Dropout(0.5).eval()(torch.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as nn.Dropout names it
        """Return values of the shape of `input`, some of them zero."""
        return dropout(input, self.p) if self.training else input


def dropout(x: Tensor, p: float) -> Tensor:
    """Zero each value with a probability and divide the others by that of staying.

    Args:
        x: [...] values.
        p: probability in [0, 1) of becoming zero.

    Returns:
        [...] values.

    >>> sorted(set(dropout(torch.ones(1000), 0.5).tolist()))
    [0.0, 2.0]
    """
    if not p or x.device.type != "cpu" or torch.compiler.is_compiling():
        return functional.dropout(x, p)
    fours = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    drawn = fours.view(torch.int16)[: x.numel()].view(x.shape)
    kept = drawn >= round(p * _STEPS) - _STEPS // 2
    return x * (kept.to(x.dtype) / (1 - p))
