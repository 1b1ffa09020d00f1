"""Subsampling that looks along time only: convolutions across all features, and stacking."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.halving import Span, halvings_in
from phonograph.modules.ranges import check_at_least


class Conv1dSubsampling(nn.Module):
    """Halve time with convolutions across all features.

    Args:
        feat_in: width of the features, at least 1.
        width: channels of the result, at least 1.
        stride: a power of two; with 1 and 3 taps there is one convolution that keeps every frame.
        channels: of all convolutions but the last, at least 1; as `width` when left out.
        kernel: taps, 3 or 5; after 3 comes a GELU, after 5 a ReLU.
        causal: whether a convolution hears nothing after an output's own frame.
        depthwise: whether each convolution is split into a depthwise and a pointwise one.

    Raises:
        ValueError: the stride is not a power of two, or too small.

    >>> frames, lengths = Conv1dSubsampling(80, 16, 2)(torch.zeros(1, 80, 9), torch.tensor([9]))
    >>> frames.shape, lengths
    (torch.Size([1, 5, 16]), tensor([5]))
    """

    def __init__(
        self,
        feat_in: int,
        width: int,
        stride: int,
        channels: int | None = None,
        *,
        kernel: Literal[3, 5] = 3,
        causal: bool = False,
        depthwise: bool = False,
    ) -> None:
        super().__init__()
        self.causal = causal
        self.kernel = kernel
        self.steps = [2] * halvings_in(stride) or [1]
        self.activation = nn.GELU() if kernel == 3 else nn.ReLU()  # as in Args
        self.convs = nn.ModuleList()
        self.pointwise = nn.ModuleList()
        for number, step in enumerate(self.steps, start=1):
            channels_out = width if number == len(self.steps) else channels or width
            heard = feat_in if depthwise else channels_out
            groups = feat_in if depthwise else 1
            padding = 0 if causal else kernel // 2
            self.convs.append(
                nn.Conv1d(feat_in, heard, kernel, stride=step, padding=padding, groups=groups)
            )
            self.pointwise.append(nn.Conv1d(heard, channels_out, 1) if depthwise else nn.Identity())
            feat_in = channels_out

    def forward(self, features: Tensor, span: Tensor | Span) -> tuple[Tensor, Tensor]:
        """Shorten features.

        Args:
            features: [B, feat_in, T].
            span: [B] valid frames, or where they begin and end.

        Returns:
            [B, T', width] frames and [B] valid ones among them. T frames give ceil(T/2) at each
            halving, floor(T/2)+1 when causal.
        """
        span = span if isinstance(span, Span) else Span(span)
        x_bdt = features
        for conv, pointwise, step in zip(self.convs, self.pointwise, self.steps, strict=True):
            x_bdt = x_bdt.masked_fill(~span.mask(x_bdt.shape[2]).unsqueeze(1), 0.0)
            if self.causal:
                x_bdt = functional.pad(x_bdt, (self.kernel - 1, step - 1))
            x_bdt = self.activation(pointwise(conv(x_bdt)))
            span = span.halved(causal=self.causal) if step > 1 else span
        return x_bdt.transpose(1, 2), span.end


class StackSubsampling(nn.Module):
    """Lay neighbouring frames side by side and project them; frames left over are dropped.

    Args:
        feat_in: width of the features, at least 1.
        width: channels of the result, at least 1.
        stride: frames that are joined, at least 1.
        norm: whether a layer norm over the features comes first.
        filled: whether frames are not dropped, as far as the padding that fills up the last stack
            of the batch would fill up an utterance's own.

    Raises:
        ValueError: the stride is below 1.

    >>> frames, lengths = StackSubsampling(80, 16, 3)(torch.zeros(1, 80, 7), torch.tensor([7]))
    >>> frames.shape, lengths
    (torch.Size([1, 3, 16]), tensor([2]))
    """

    def __init__(
        self, feat_in: int, width: int, stride: int, *, norm: bool = False, filled: bool = False
    ) -> None:
        super().__init__()
        check_at_least(1, stride=stride)
        self.stride = stride
        self.filled = filled
        self.norm = nn.LayerNorm(feat_in) if norm else nn.Identity()
        self.out = nn.Linear(stride * feat_in, width)

    def forward(self, features: Tensor, span: Tensor | Span) -> tuple[Tensor, Tensor]:
        """Shorten [B, feat_in, T] to [B, ceil(T/stride), width], floor(T/stride) of them valid."""
        span = span if isinstance(span, Span) else Span(span)
        x_btd = features.transpose(1, 2)
        x_btd = x_btd.masked_fill(~span.mask(x_btd.shape[1]).unsqueeze(2), 0.0)
        size = (x_btd.shape[1] + self.stride - 1) // self.stride
        room = size * self.stride - x_btd.shape[1]
        x_btd = functional.pad(x_btd, (0, 0, 0, room))
        stacked = self.norm(x_btd).unflatten(1, (size, self.stride)).flatten(2)
        end = span.end + room if self.filled else span.end
        return self.out(stacked), torch.div(end, self.stride, rounding_mode="floor")


class PoolingReduction(nn.Module):
    """Keep the greatest value of neighbouring frames; frames left over are dropped.

    Args:
        factor: frames for one, at least 1.
        cut: whether a batch is cut to whole ones, rather than padded with silence.

    >>> pooled, lengths = PoolingReduction(2)(torch.tensor([[[1.0, 3.0, 2.0]]]), torch.tensor([3]))
    >>> pooled, lengths
    (tensor([[[3.],
             [2.]]]), tensor([1]))
    """

    def __init__(self, factor: int, *, cut: bool = False) -> None:
        super().__init__()
        self.factor = factor
        self.cut = cut

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Shorten [B, D, T] to [B, ceil(T/factor), D], floor(T/factor) of them valid."""
        size = features.shape[2] // self.factor
        if not self.cut:
            size = (features.shape[2] + self.factor - 1) // self.factor
            features = functional.pad(features, (0, size * self.factor - features.shape[2]))
        # Not cut by a view or a pooling: either looks different for even and odd numbers of frames.
        apart = [features[..., first :: self.factor][..., :size] for first in range(self.factor)]
        return torch.stack(apart).amax(0).transpose(1, 2), lengths // self.factor
