"""Subsampling with convolutions over time and frequency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.halving import Span, halvings_in

_TAPS = 3
_MOST_VALUES = 1 << 20
_LEAST_FRAMES = 16


class Conv2dSubsampling(nn.Module):
    """Halve time and frequency together, then project (Gulati et al. 2020, 2005.08100, sec. 3.2).

    Args:
        feat_in: width of the features, at least 1.
        width: channels of the result, at least 1.
        stride: a power of two; with 1 only the projection is left.
        channels: of the convolutions, at least 1; as `width` when left out.
        causal: whether a convolution hears nothing after an output's own frame and frequency.
        depthwise: whether all but the first are split into a depthwise and a pointwise one (Rekesh
            et al. 2023, arXiv 2305.05084, sec. 2.1).

    Raises:
        ValueError: the stride is not a power of two.

    >>> frames, lengths = Conv2dSubsampling(80, 16, 4)(torch.zeros(1, 80, 9), torch.tensor([9]))
    >>> frames.shape, lengths
    (torch.Size([1, 3, 16]), tensor([3]))
    """

    def __init__(
        self,
        feat_in: int,
        width: int,
        stride: int,
        channels: int | None = None,
        *,
        causal: bool = False,
        depthwise: bool = False,
    ) -> None:
        super().__init__()
        self.causal = causal
        self.channels = channels = channels or width
        self.convs = nn.ModuleList()
        self.pointwise = nn.ModuleList()
        heard = 1
        for _ in range(halvings_in(stride)):
            groups = channels if depthwise and self.convs else 1
            padding = 0 if causal else _TAPS // 2
            conv = nn.Conv2d(heard, channels, _TAPS, stride=2, padding=padding, groups=groups)
            self.convs.append(conv)
            mixes = depthwise and heard > 1
            self.pointwise.append(PointwiseConv2d(channels) if mixes else nn.Identity())
            heard = channels
            feat_in = feat_in // 2 + 1 if causal else (feat_in + 1) // 2
        self.out = nn.Linear(heard * feat_in, width)
        for halving, mixed in zip(self.convs, self.pointwise, strict=True):
            _keep_loudness(halving, "relu" if isinstance(mixed, nn.Identity) else "linear")
            _keep_loudness(mixed, "relu")

    def forward(self, features: Tensor, span: Tensor | Span) -> tuple[Tensor, Tensor]:
        """Shorten features.

        Args:
            features: [B, feat_in, T].
            span: [B] valid frames, or where they begin and end.

        Returns:
            [B, T', width] frames and [B] valid ones among them. T frames give ceil(T/2) at each
            halving, floor(T/2)+1 when causal.
        """
        if isinstance(span, Tensor) and self.convs and _should_cut(features):
            return self._cut(features, span), self._halved(Span(span)).end
        span = span if isinstance(span, Span) else Span(span)
        x_bctf = features.transpose(1, 2).unsqueeze(1)
        for place in range(len(self.convs)):
            x_bctf = self._convolved(place, _silenced(x_bctf, span))
            span = span.halved(causal=self.causal)
        return self.out(x_bctf.transpose(1, 2).flatten(2)), span.end

    def _halved(self, span: Span) -> Span:
        for _ in self.convs:
            span = span.halved(causal=self.causal)
        return span

    def _convolved(self, place: int, x_bctf: Tensor) -> Tensor:
        if self.causal:
            x_bctf = functional.pad(x_bctf, (_TAPS - 1, 1, _TAPS - 1, 1))
        x_bctf = self.pointwise[place](self.convs[place](x_bctf))
        return functional.relu(x_bctf, inplace=True)

    def _cut(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Shorten every utterance on its own and, out of training, piece by piece.

        The first convolution makes some 30 values of one feature. Pieces of them stay in the cache
        and use the same memory again, which takes a fifth of the time.
        """
        size = self._halved(Span(lengths.new_tensor([features.shape[2]]))).end.item()
        ends = self._halved(Span(lengths)).end.tolist()
        rows = []
        for row, (length, end) in enumerate(zip(lengths.tolist(), ends, strict=True)):
            pieces = list(self._pieces(features[row, :, :length].t(), end))
            rest = features.new_zeros(int(size) - end, self.out.out_features)
            rows.append(torch.cat([*pieces, rest]))
        return torch.stack(rows)

    def _pieces(self, features_tf: Tensor, end: int) -> Iterator[Tensor]:
        """Give the frames [N, width] of an utterance without padding, `end` in all."""
        stride = 2 ** len(self.convs)
        values = self.channels * features_tf.shape[1] * stride // 4  # of a frame
        size = end if torch.is_grad_enabled() else max(_LEAST_FRAMES, _MOST_VALUES // values)
        before = 2 if self.causal else 1  # frames whose features are heard later, too
        for first in range(0, end, max(1, size)):
            last = min(first + size, end)
            start = max(0, first - before)
            stop = None if last == end else last * stride
            heard = features_tf[start * stride : stop].contiguous()
            x_bctf = heard[None, :, :, None].permute(0, 3, 1, 2)  # channels side by side
            for place in range(len(self.convs)):
                x_bctf = self._convolved(place, x_bctf)
            x_bctf = x_bctf[:, :, first - start : last - start]
            yield self.out(x_bctf.transpose(1, 2).flatten(2))[0]


class PointwiseConv2d(nn.Conv2d):
    """Mix the channels of an image point by point; parameters are those of `nn.Conv2d`.

    Args:
        channels: in and out, at least 1.

    >>> PointwiseConv2d(4)(torch.zeros(1, 4, 3, 2)).shape
    torch.Size([1, 4, 3, 2])
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - as nn.Conv2d names it
        """Mix [B, D, T, F]."""
        # On a single thread PyTorch asks oneDNN only where a convolution looks dilated.
        dilation = 2 if input.device.type == "cpu" and not torch.compiler.is_compiling() else 1
        return functional.conv2d(input, self.weight, self.bias, dilation=dilation)


class VggSubsampling(nn.Module):
    """Halve time and frequency by pooling after pairs of convolutions (1910.12977, sec. 3.1).

    Args:
        feat_in: width of the features, at least 1.
        width: channels of the result, at least 1.
        stride: a power of two; with 1 only the projection is left.
        channels: of the convolutions, at least 1; as `width` when left out.

    Raises:
        ValueError: the stride is not a power of two.

    >>> frames, lengths = VggSubsampling(80, 16, 4)(torch.zeros(1, 80, 9), torch.tensor([9]))
    >>> frames.shape, lengths
    (torch.Size([1, 3, 16]), tensor([3]))
    """

    def __init__(self, feat_in: int, width: int, stride: int, channels: int | None = None) -> None:
        super().__init__()
        channels = channels or width
        self.convs = nn.ModuleList()
        heard = 1
        for _ in range(halvings_in(stride)):
            for channels_in in (heard, channels):
                self.convs.append(nn.Conv2d(channels_in, channels, _TAPS, padding=_TAPS // 2))
            heard = channels
            feat_in = (feat_in + 1) // 2
        self.out = nn.Linear(heard * feat_in, width)
        for conv in self.convs:
            _keep_loudness(conv, "relu")

    def forward(self, features: Tensor, span: Tensor | Span) -> tuple[Tensor, Tensor]:
        """Shorten [B, feat_in, T] to [B, ceil(T/stride), width], and the lengths alike."""
        span = span if isinstance(span, Span) else Span(span)
        x_bctf = features.transpose(1, 2).unsqueeze(1)
        for number, conv in enumerate(self.convs):
            x_bctf = functional.relu(conv(_silenced(x_bctf, span)))
            if number % 2:
                x_bctf = functional.max_pool2d(_silenced(x_bctf, span), 2, ceil_mode=True)
                span = span.halved(causal=False)
        return self.out(x_bctf.transpose(1, 2).flatten(2)), span.end


def _keep_loudness(conv: nn.Module, behind: Literal["linear", "relu"]) -> None:
    """Draw a convolution's weights for what is behind it (He et al. 2015, 1502.01852, sec. 2.2).

    As PyTorch draws them, each convolution makes what it hears quieter and adds a constant. Behind
    two of them frames hardly differ from each other, and with some seeds a Conformer hardly learns.
    An identity is left as it is.
    """
    if isinstance(conv, nn.Conv2d):
        nn.init.kaiming_normal_(conv.weight, nonlinearity=behind)
        assert conv.bias is not None
        nn.init.zeros_(conv.bias)


def _should_cut(features: Tensor) -> bool:
    return features.device.type == "cpu" and not torch.compiler.is_compiling()


def _silenced(x_bctf: Tensor, span: Span) -> Tensor:
    return x_bctf.masked_fill(~span.mask(x_bctf.shape[2])[:, None, :, None], 0.0)
