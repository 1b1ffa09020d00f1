"""The state PyTorch should be in while a model only answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

import torch

Precision = Literal["float32", "bf16"]


@contextmanager
def inference(device: torch.device | str, precision: Precision = "float32") -> Iterator[None]:
    """Compute without keeping anything for gradients.

    Args:
        device: where the model is.
        precision: `bf16` does matrix products and convolutions with 8 binary digits: about twice as
            quick, and half the memory, where the processor has instructions for it. What needs the
            digits, front ends and probabilities, stays in float32.

    Raises:
        ValueError: there is no such precision.

    >>> with inference("cpu", "bf16"):
    ...     torch.nn.functional.linear(torch.ones(1, 2), torch.ones(3, 2)).dtype
    torch.bfloat16
    """
    if precision not in get_args(Precision):
        have = " or ".join(get_args(Precision))
        raise ValueError(f"`precision` must be {have}, not {precision}")
    kind = torch.device(device).type
    reduced = torch.autocast(kind, torch.bfloat16, enabled=precision == "bf16")
    with torch.inference_mode(), reduced:
        yield
