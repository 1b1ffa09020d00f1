"""A depthwise convolution over time that is quick on processors without an accelerator."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.grad import conv2d_input

_REDUCED_WIDTHS = 16


class DepthwiseConv1d(nn.Conv1d):
    """Filter every channel on its own; parameters and results are those of `nn.Conv1d`.

    On a processor it is quickest where all channels of a step lie side by side in memory, as in a
    transposed [B, T, D]; its result lies so too.

    Args:
        width: channels, at least 1.
        kernel: taps of the filter, at least 1.
        stride: steps between outputs, at least 1.
        padding: zeros at either end, at least 0.
        dilation: steps between taps, at least 1.
        bias: whether a bias is added to each channel.

    >>> import torch
    >>> DepthwiseConv1d(4, 3, padding=1)(torch.zeros(2, 4, 7)).shape
    torch.Size([2, 4, 7])
    """

    def __init__(
        self,
        width: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            width,
            width,
            kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=width,
            bias=bias,
        )
        self._zeros = padding

    def forward(self, x: Tensor) -> Tensor:
        """Filter [B, D, T]; returns [B, D, T'] with T' as `nn.Conv1d` gives it."""
        return depthwise_conv(
            x.unsqueeze(2),
            self.weight.unsqueeze(2),
            self.bias,
            stride=self.stride[0],
            padding=self._zeros,
            dilation=self.dilation[0],
        ).squeeze(2)


def depthwise_conv(
    x_bd1t: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """Filter every channel of a batch whose time is the width of an image.

    Args:
        x_bd1t: [B, D, 1, T].
        weight: [D, 1, 1, K] taps.
        bias: [D], or None.
        stride: steps between outputs, at least 1.
        padding: zeros at either end, at least 0.
        dilation: steps between taps, at least 1.

    Returns:
        [B, D, 1, T'] with T' as `nn.Conv1d` gives it.
    """
    if x_bd1t.device.type != "cpu":
        return _conv(x_bd1t, weight, bias, stride, padding, dilation)
    autocast = torch.is_autocast_enabled("cpu")
    precision = torch.get_autocast_dtype("cpu") if autocast else x_bd1t.dtype
    width = x_bd1t.shape[1]
    hangs = width % _REDUCED_WIDTHS != 0 or width == _REDUCED_WIDTHS
    if precision in (torch.bfloat16, torch.float16) and hangs:
        # oneDNN does not come back from such widths in bf16; from 16 with more than 11 taps
        with torch.autocast("cpu", enabled=False):
            made = depthwise_conv(
                x_bd1t.float(),
                weight.float(),
                None if bias is None else bias.float(),
                stride=stride,
                padding=padding,
                dilation=dilation,
            )
        return made.to(precision)
    # oneDNN's kernel for this layout takes a twentieth of what it takes for [B, D, T] in memory.
    x_bd1t = x_bd1t.contiguous(memory_format=torch.channels_last)
    separable = stride == 1 and dilation > 1 and padding % dilation == 0
    if separable and not torch.compiler.is_exporting():
        return _by_phases(x_bd1t, weight, bias, padding, dilation)
    if dilation == 1 and torch.is_grad_enabled() and weight.requires_grad:
        filtered: Tensor = _DepthwiseConv.apply(x_bd1t, weight, bias, stride, padding)
        return filtered
    return _conv(x_bd1t, weight, bias, stride, padding, dilation)


def _conv(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int, dilation: int
) -> Tensor:
    return functional.conv2d(
        x, weight, bias, (1, stride), (0, padding), (1, dilation), weight.shape[0]
    )


def _by_phases(
    x: Tensor, weight: Tensor, bias: Tensor | None, padding: int, dilation: int
) -> Tensor:
    """Filter every `dilation`-th step apart: taps side by side are a hundred times as quick."""
    batch, width, _, steps = x.shape
    blocks = -(-steps // dilation)
    x_btd = functional.pad(x, (0, blocks * dilation - steps)).squeeze(2).transpose(1, 2)
    phases = x_btd.reshape(batch, blocks, dilation, width).transpose(1, 2)
    filtered = depthwise_conv(
        phases.reshape(batch * dilation, blocks, width).transpose(1, 2).unsqueeze(2),
        weight,
        bias,
        padding=padding // dilation,
    )
    length = filtered.shape[3]
    woven = filtered.squeeze(2).transpose(1, 2).reshape(batch, dilation, length, width)
    woven = woven.transpose(1, 2).reshape(batch, length * dilation, width)
    kept = steps + 2 * padding - dilation * (weight.shape[3] - 1)
    return woven[:, :kept].transpose(1, 2).unsqueeze(2)


class _DepthwiseConv(torch.autograd.Function):
    """The same convolution with a backward pass of our own.

    oneDNN has two for depthwise weights: one takes sixty times as long as the forward pass, the
    other gives wrong gradients for more than about 50 taps.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return _conv(x, weight, bias, stride, padding, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad = grad.contiguous(memory_format=torch.channels_last)
        wants_x, wants_weight, wants_bias = ctx.needs_input_grad[:3]
        for_x = for_weight = for_bias = None
        if wants_x:
            for_x = _input_gradient(x, weight.to(grad.dtype), grad, ctx.stride, ctx.padding)
            for_x = for_x.to(x.dtype)
        if wants_weight:
            for_weight = weight_gradient(
                x.to(grad.dtype), grad, weight.shape[3], stride=ctx.stride, padding=ctx.padding
            ).to(weight.dtype)
        if wants_bias:
            for_bias = grad.sum((0, 2, 3)).to(weight.dtype)
        return for_x, for_weight, for_bias, None, None


def _input_gradient(x: Tensor, weight: Tensor, grad: Tensor, stride: int, padding: int) -> Tensor:
    width, kernel = weight.shape[0], weight.shape[3]
    if stride == 1 and padding < kernel:
        return _conv(grad, weight.flip(3), None, 1, kernel - 1 - padding, 1)
    return conv2d_input(x.shape, weight, grad, (1, stride), (0, padding), 1, width)


def weight_gradient(x: Tensor, grad: Tensor, kernel: int, *, stride: int, padding: int) -> Tensor:
    """Correlate inputs with the gradients of outputs, channel by channel.

    The gradient of an utterance's outputs serves as a filter over its inputs, which is as quick as
    the forward pass. With a stride, taps that meet the same inputs are done together.

    Args:
        x: [B, D, 1, T] inputs.
        grad: [B, D, 1, T'] gradients of the outputs.
        kernel: taps K, at least 1.
        stride: steps between outputs, at least 1.
        padding: zeros at either end, at least 0.

    Returns:
        [D, 1, 1, K].
    """
    x = functional.pad(x, (padding, padding))
    total = x.new_zeros(x.shape[1], kernel)
    for heard, filters in zip(x.split(1), grad.transpose(1, 2).unsqueeze(3).unbind(), strict=True):
        filters = filters.reshape(x.shape[1], 1, 1, grad.shape[3])
        for phase in range(min(stride, kernel)):
            taps = -(-(kernel - phase) // stride)
            part = heard[..., phase::stride][..., : grad.shape[3] + taps - 1]
            found = functional.conv2d(part, filters, groups=x.shape[1])
            total[:, phase::stride] += found.reshape(x.shape[1], taps)
    return total.reshape(x.shape[1], 1, 1, kernel)
