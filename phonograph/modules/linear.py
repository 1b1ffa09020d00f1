"""Matrix products with weights that are quick on processors of every make."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

_FUSED = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


class Linear(nn.Linear):
    """A linear layer; parameters and results are those of `nn.Linear`.

    On a processor its float32 products are done by oneDNN. PyTorch's own go to MKL, which takes two
    to four times as long where the processor is not Intel's.

    >>> Linear(4, 6)(torch.zeros(2, 3, 4)).shape
    torch.Size([2, 3, 6])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map [..., in_features] to [..., out_features]."""
        return linear(x, self.weight, self.bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply with weights and add a bias, as `torch.nn.functional.linear` does.

    Args:
        x: [..., D].
        weight: [E, D].
        bias: [E], or None.

    Returns:
        [..., E].

    >>> linear(torch.ones(1, 2), torch.tensor([[1.0, 2.0]]), torch.tensor([0.5]))
    tensor([[3.5000]])
    """
    if not _is_for_onednn(x, weight):
        return functional.linear(x, weight, bias)
    if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad):
        product: Tensor = _Linear.apply(x, weight, bias)
        return product
    return _product(x, weight, bias)


def _is_for_onednn(x: Tensor, weight: Tensor) -> bool:
    return (
        _FUSED is not None
        and torch.backends.mkldnn.is_available()
        and x.device.type == weight.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and x.numel() > 0
        and not torch.is_autocast_enabled("cpu")
        # compilers and exporters know the plain operation best
        and not torch.compiler.is_compiling()
    )


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")  # noqa: SLF001  # it has no public name
    return product


class _Linear(torch.autograd.Function):
    """The same with a gradient, whose two products oneDNN does as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        wants_x, wants_weight, wants_bias = ctx.needs_input_grad
        for_x = for_weight = for_bias = None
        if wants_x:
            for_x = _product(grad, weight.t(), None)
        rows = grad.reshape(-1, weight.shape[0])
        if wants_weight:
            for_weight = _product(rows.t(), x.reshape(-1, weight.shape[1]).t(), None)
        if wants_bias:
            for_bias = rows.sum(0)
        return for_x, for_weight, for_bias
