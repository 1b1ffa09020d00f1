"""Subsampling with convolutions over time and frequency."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.halving import Span, halvings_in
from phonograph.modules.linear import Linear

_TAPS = 3


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

    >>> import torch
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
        channels = channels or width
        self.convs = nn.ModuleList()
        self.pointwise = nn.ModuleList()
        heard = 1
        for _ in range(halvings_in(stride)):
            groups = channels if depthwise and self.convs else 1
            padding = 0 if causal else _TAPS // 2
            conv = nn.Conv2d(heard, channels, _TAPS, stride=2, padding=padding, groups=groups)
            self.convs.append(conv)
            mixes = depthwise and heard > 1
            self.pointwise.append(nn.Conv2d(channels, channels, 1) if mixes else nn.Identity())
            heard = channels
            feat_in = feat_in // 2 + 1 if causal else (feat_in + 1) // 2
        self.out = Linear(heard * feat_in, width)

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
        x_bctf = features.transpose(1, 2).unsqueeze(1)
        for conv, pointwise in zip(self.convs, self.pointwise, strict=True):
            x_bctf = _silenced(x_bctf, span)
            if self.causal:
                x_bctf = functional.pad(x_bctf, (_TAPS - 1, 1, _TAPS - 1, 1))
            x_bctf = functional.relu(pointwise(conv(x_bctf)))
            span = span.halved(causal=self.causal)
        return self.out(x_bctf.transpose(1, 2).flatten(2)), span.end


class VggSubsampling(nn.Module):
    """Halve time and frequency by pooling after pairs of convolutions (1910.12977, sec. 3.1).

    Args:
        feat_in: width of the features, at least 1.
        width: channels of the result, at least 1.
        stride: a power of two; with 1 only the projection is left.
        channels: of the convolutions, at least 1; as `width` when left out.

    Raises:
        ValueError: the stride is not a power of two.

    >>> import torch
    >>> frames, lengths = VggSubsampling(80, 16, 4)(torch.zeros(1, 80, 9), torch.tensor([9]))
    >>> frames.shape, lengths
    (torch.Size([1, 3, 16]), tensor([3]))
    """

    def __init__(
        self, feat_in: int, width: int, stride: int, channels: int | None = None
    ) -> None:
        super().__init__()
        channels = channels or width
        self.convs = nn.ModuleList()
        heard = 1
        for _ in range(halvings_in(stride)):
            for channels_in in (heard, channels):
                self.convs.append(nn.Conv2d(channels_in, channels, _TAPS, padding=_TAPS // 2))
            heard = channels
            feat_in = (feat_in + 1) // 2
        self.out = Linear(heard * feat_in, width)

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


def _silenced(x_bctf: Tensor, span: Span) -> Tensor:
    return x_bctf.masked_fill(~span.mask(x_bctf.shape[2])[:, None, :, None], 0.0)
