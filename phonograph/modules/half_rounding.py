"""Rounding to the numbers that half precision can hold, without its dtype."""

from __future__ import annotations

import torch
from torch import Tensor

_DIGITS = 10  # binary, after the leading one
_SMALLEST_NORMAL = 2.0**-14


def rounded_to_half(values: Tensor) -> Tensor:
    """Round to half precision (IEEE 754 binary16), ties to even, and keep the dtype.

    `values.half().float()` says the same, but `torch.compile` takes such a pair of conversions for
    one without effect and removes it. The gradient passes as if nothing were rounded: that of a
    staircase is zero almost everywhere.

    Args:
        values: float32 or float64 of any shape, magnitudes below 65504.

    Returns:
        the same shape and dtype.

    >>> rounded_to_half(torch.tensor([0.1, -11.1, 2049.0]))
    tensor([ 9.9976e-02, -1.1102e+01,  2.0480e+03])
    """
    magnitudes = values.detach().abs().clamp(min=_SMALLEST_NORMAL)
    steps = torch.exp2(magnitudes.log2().floor() - _DIGITS)
    rounded = (values.detach() / steps).round() * steps
    return values + (rounded - values.detach())
