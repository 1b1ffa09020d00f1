"""QuartzNet BxR: a convolutional encoder with few weights."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.modules.conv_block import ConvBlock
from phonograph.modules.wrapped_stream import WrappedStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

# Table 1 of the paper: filters and kernel of the groups B1 to B5.
_GROUPS = ((256, 33), (256, 39), (512, 51), (512, 63), (512, 75))


@register("asr.quartznet", version=1)
class QuartzNet(WrappedStream):
    """Encode features with QuartzNet `blocks`x`repeat` (Kriman et al. 2019, 1910.10261, table 1).

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        blocks: residual blocks: 5, 10 or 15, the five of the table once, twice or three times each.
        repeat: convolutions in each block, at least 1.
        dropout: probability in [0, 1) of zeroing a value after each activation.

    Raises:
        ValueError: an argument is out of range.

    >>> import torch
    >>> encoder = QuartzNet(64, blocks=5, repeat=1)
    >>> encoded, lengths = encoder(torch.zeros(2, 64, 9), torch.tensor([9, 4]))
    >>> encoded.shape, lengths
    (torch.Size([2, 1024, 5]), tensor([5, 2]))
    """

    def __init__(
        self,
        feat_in: int,
        *,
        blocks: Literal[5, 10, 15] = 15,
        repeat: int = 5,
        dropout: float = 0.0,
    ) -> None:
        if blocks not in (5, 10, 15):
            raise ValueError(f"`blocks` must be 5, 10 or 15, not {blocks}")
        encoder = ConvEncoder(feat_in, quartznet_blocks(blocks, repeat, dropout))
        super().__init__(encoder)
        self.encoder = encoder

    @staticmethod
    def look_ahead(blocks: int, repeat: int) -> float:
        """Return how many frames of the features after its own an encoded frame depends on."""
        return ConvEncoder.look_ahead(quartznet_blocks(blocks, repeat))

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B 1024 ceil(T/2)"), "lengths": Lengths("B", of="ceil(T/2)")},
    )
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            features: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, 1024, ceil(T/2)] encoded frames and [B] valid ones among them.
        """
        return self.encoder(features, lengths)

    @property
    def inner(self) -> ConvEncoder:
        """The encoder that this one is written out as."""
        return self.encoder


def quartznet_blocks(blocks: int, repeat: int, dropout: float = 0.0) -> list[ConvBlock]:
    """Write out the paper's table as rows of `asr.conv_encoder`.

    Args:
        blocks: residual blocks, a multiple of 5.
        repeat: convolutions in each.
        dropout: probability in [0, 1).

    >>> [block.kernel for block in quartznet_blocks(5, 5)]
    [33, 33, 39, 51, 63, 75, 87, 1]
    """
    first = ConvBlock(256, 33, stride=2, residual=False, dropout=dropout)
    residual = [
        ConvBlock(filters, kernel, repeat=repeat, dropout=dropout)
        for filters, kernel in _GROUPS
        for _ in range(blocks // len(_GROUPS))
    ]
    wide = ConvBlock(512, 87, dilation=2, residual=False, dropout=dropout)
    last = ConvBlock(1024, 1, separable=False, residual=False, dropout=dropout)
    return [first, *residual, wide, last]
