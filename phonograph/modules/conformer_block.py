"""One layer of a Conformer: feed-forward, attention, convolution, feed-forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from phonograph.modules.attention import SelfAttention
from phonograph.modules.conv_module import ConvModule
from phonograph.modules.feed_forward import FeedForward
from phonograph.modules.ranges import check_at_least, check_dropout, check_odd_kernel


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """What the layers of a Conformer are like.

    Args:
        heads: attention heads, at least 1; they divide the width.
        kernel: taps of the convolution over time, odd.
        expansion: how many times wider the middle of the feed-forward parts is, at least 1.
        dropout: probability in [0, 1) used everywhere in the layer while training.
        positions: whether attention sees how far apart two steps are (`relative`) or not (`none`).
        norm: what follows the convolution: `batch`, `layer` or `none`.

    Raises:
        ValueError: a number is out of range.
    """

    heads: int = 4
    kernel: int = 31
    expansion: int = 4
    dropout: float = 0.1
    positions: Literal["relative", "none"] = "relative"
    norm: Literal["batch", "layer", "none"] = "batch"

    def __post_init__(self) -> None:
        check_at_least(1, heads=self.heads, expansion=self.expansion)
        check_odd_kernel(self.kernel)
        check_dropout(self.dropout)


class ConformerBlock(nn.Module):
    """Half a feed-forward, attention, convolution, half a feed-forward, each added to its input.

    Gulati et al. 2020, arXiv 2005.08100, sec. 2.4 and figure 1; norms stand before each part.

    Args:
        width: channels in and out, a multiple of `settings.heads`.
        settings: the rest.

    Raises:
        ValueError: the width does not fit the heads.

    >>> import torch
    >>> block = ConformerBlock(8, BlockSettings(heads=2, kernel=3, positions="none"))
    >>> block(torch.zeros(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)).shape
    torch.Size([2, 5, 8])
    """

    def __init__(self, width: int, settings: BlockSettings) -> None:
        super().__init__()
        expansion, dropout = settings.expansion, settings.dropout
        relative = settings.positions == "relative"
        self.feed_forward1_norm = nn.LayerNorm(width)
        self.feed_forward1 = FeedForward(width, expansion=expansion, dropout=dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, settings.heads, relative=relative, dropout=dropout)
        self.conv_norm = nn.LayerNorm(width)
        self.conv = ConvModule(width, kernel=settings.kernel, norm=settings.norm)
        self.feed_forward2_norm = nn.LayerNorm(width)
        self.feed_forward2 = FeedForward(width, expansion=expansion, dropout=dropout)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, distances: Tensor | None = None) -> Tensor:
        """Encode one layer deeper.

        Args:
            x: [B, T, D] frames.
            mask: [B, T], True where a step is valid.
            distances: [2T-1, D] codes of `relative_sinusoids`, with relative positions only.

        Returns:
            [B, T, D]; what stands in the padding has no meaning.
        """
        x = x + 0.5 * self.dropout(self.feed_forward1(self.feed_forward1_norm(x)))
        x = x + self.dropout(self.attention(self.attention_norm(x), mask, distances))
        x = x + self.dropout(self.conv(self.conv_norm(x), mask))
        x = x + 0.5 * self.dropout(self.feed_forward2(self.feed_forward2_norm(x)))
        return self.norm(x)
