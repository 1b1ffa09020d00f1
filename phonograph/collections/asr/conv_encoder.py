"""The general convolutional encoder: a table of blocks, as in Jasper and QuartzNet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from phonograph.modules.conv_block import Activation, ConvBlock, ResidualConvBlock
from phonograph.modules.masks import zero_padding
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_NO_BLOCKS = "`blocks` must have at least one row"


@register("asr.conv_encoder", version=1)
class ConvEncoder(nn.Module):
    """Encode features with blocks of time convolutions, one after another.

    Jasper (Li et al. 2019, 1904.03288, sec. 2.1) and QuartzNet (Kriman et al. 2019, 1910.10261,
    sec. 3.1). Batch norm counts padded frames in training, as there; in evaluation padding makes
    no difference. Frames beyond an utterance's length are zero.

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        blocks: the rows of the architecture's table, first to last, at least one.
        activation: after every batch norm.

    Raises:
        ValueError: there are no blocks.

    >>> import torch
    >>> encoder = ConvEncoder(8, [ConvBlock(16, kernel=5, stride=2), ConvBlock(32, kernel=1)])
    >>> encoded, lengths = encoder(torch.zeros(2, 8, 9), torch.tensor([9, 4]))
    >>> encoded.shape, lengths
    (torch.Size([2, 32, 5]), tensor([5, 2]))
    """

    def __init__(
        self, feat_in: int, blocks: Sequence[ConvBlock], *, activation: Activation = "relu"
    ) -> None:
        super().__init__()
        if not blocks:
            raise ValueError(_NO_BLOCKS)
        widths = [feat_in, *(block.filters for block in blocks)]
        self.blocks = nn.ModuleList(
            ResidualConvBlock(width, block, activation=activation)
            for width, block in zip(widths[:-1], blocks, strict=True)
        )

    @staticmethod
    def derived(blocks: Sequence[ConvBlock]) -> Mapping[str, int]:
        """Return the frames per encoded frame and the width of the encoded frames.

        Raises:
            ValueError: there are no blocks.

        >>> ConvEncoder.derived([ConvBlock(16, kernel=5, stride=2), ConvBlock(32, kernel=1)])
        {'stride': 2, 'width': 32}
        """
        if not blocks:
            raise ValueError(_NO_BLOCKS)
        return {
            "stride": math.prod(block.stride for block in blocks),
            "width": blocks[-1].filters,
        }

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B width ceil(T/stride)"),
            "lengths": Lengths("B", of="ceil(T/stride)"),
        },
    )
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            features: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, width, ceil(T/stride)] encoded frames and [B] valid ones among them.
        """
        encoded = features
        for block in self.blocks:
            encoded, lengths = block(encoded, lengths)
        return zero_padding(encoded, lengths), lengths
