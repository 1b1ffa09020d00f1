"""The convolution part of a Conformer layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.depthwise import depthwise_conv
from phonograph.modules.ranges import check_odd_kernel
from phonograph.modules.step_norm import BatchStepNorm, StepNormKind, build_step_norm


class ConvModule(nn.Module):
    """Gate, filter every channel over time, mix (Gulati et al. 2020, arXiv 2005.08100, sec. 2.2).

    Args:
        width: channels in and out, at least 1.
        kernel: taps of the filter over time, odd.
        right: taps after a step's own, 0 to `kernel` - 1: with 0 the filter is causal; half of
            them when left out.
        norm: what follows the filter: batch norm; layer norm over channels; group or instance norm
            over the valid steps of an utterance; or `none`, for example where a batch norm was
            folded into the filter.
        groups: of the group norm, at least 1; they divide the width.
        padding_counts: whether group and instance norm count all steps rather than valid ones.
        bias: whether the three convolutions have one.

    Raises:
        ValueError: `kernel` is even or below 1, `right` is out of range, `groups` do not fit.

    >>> ConvModule(8, kernel=3)(torch.zeros(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)).shape
    torch.Size([2, 5, 8])
    """

    def __init__(
        self,
        width: int,
        *,
        kernel: int = 31,
        right: int | None = None,
        norm: StepNormKind = "batch",
        groups: int = 1,
        padding_counts: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_odd_kernel(kernel)
        self.right = kernel // 2 if right is None else right
        self.left = kernel - 1 - self.right
        if not 0 <= self.right < kernel:
            raise ValueError(f"`right` must be 0 to {kernel - 1}, the kernel less one, not {right}")
        self.pointwise1 = nn.Linear(width, 2 * width, bias=bias)
        self.depthwise = nn.Conv1d(width, width, kernel, groups=width, bias=bias)
        self.norm = build_step_norm(norm, width, groups, padding_counts=padding_counts)
        self.pointwise2 = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map [B, T, D] to [B, T, D]; steps where `mask` [B, T] is False count as silence."""
        x = self._gated(x, mask)
        if self.left == self.right:
            return self._filtered(x, mask, self.left)
        return self._filtered(functional.pad(x, (0, 0, self.left, self.right)), mask, 0)

    def start(self, batch: int) -> Tensor:
        """Return the state before the first step of a stream: [B, kernel-1, D] gated steps."""
        width = self.depthwise.in_channels
        return self.depthwise.weight.new_zeros(batch, self.left + self.right, width)

    def step(self, x: Tensor, mask: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Filter the next steps of a stream, `right` steps late.

        Args:
            x: [B, N, D] steps.
            mask: [B, N], True where a step is valid.
            state: what went before.

        Returns:
            [B, N, D], and what the next step needs.
        """
        heard = torch.cat([state, self._gated(x, mask)], 1)
        return self._filtered(heard, mask, 0), heard[:, x.shape[1] :]

    def _gated(self, x: Tensor, mask: Tensor) -> Tensor:
        return functional.glu(self.pointwise1(x)).masked_fill(~mask.unsqueeze(2), 0.0)

    def _filtered(self, x: Tensor, mask: Tensor, zeros: int) -> Tensor:
        weight, bias, norm = self.depthwise.weight, self.depthwise.bias, self.norm
        folds = False
        if isinstance(norm, BatchStepNorm) and not self.training:
            folds = True
            weight, bias = norm.folded(weight, bias)
        x_bd1t = x.transpose(1, 2).unsqueeze(2)
        x_bd1t = depthwise_conv(x_bd1t, weight.unsqueeze(2), bias, padding=zeros)
        x = x_bd1t.squeeze(2).transpose(1, 2)
        if not folds:
            x = norm(x, mask)
        return self.pointwise2(functional.silu(x, inplace=not torch.is_grad_enabled()))
