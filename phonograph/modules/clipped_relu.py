"""The activation of Deep Speech: zero below zero, flat above a bound."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class ClippedRelu(nn.Module):
    """Clip every value to the range from 0 to a bound (Hannun et al. 2014, 1412.5567, sec. 2).

    The bound keeps the activations of recurrent layers from growing without end.

    Args:
        bound: largest value, above 0.

    >>> import torch
    >>> ClippedRelu()(torch.tensor([-1.0, 3.0, 70.0]))
    tensor([ 0.,  3., 20.])
    """

    def __init__(self, bound: float = 20.0) -> None:
        super().__init__()
        self.bound = bound

    def forward(self, x: Tensor) -> Tensor:
        """Clip a tensor of any shape."""
        return functional.hardtanh(x, 0.0, self.bound)
