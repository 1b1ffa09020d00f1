"""Citrinet: QuartzNet's blocks with a gate, for pieces of words at an eighth of the frame rate."""

from __future__ import annotations

import math

from torch import Tensor

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.modules.conv_block import ConvBlock
from phonograph.modules.ranges import check_above_zero
from phonograph.modules.squeeze_excite import Excite
from phonograph.modules.wrapped_stream import WrappedStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

# Kernels of the three mega-blocks; the first block of each halves the frames.
_FIRST, _LAST = 5, 41
_MEGA_BLOCKS = (
    (11, 13, 15, 17, 19, 21),
    (13, 15, 17, 19, 21, 23, 25),
    (25, 27, 29, 31, 33, 35, 37, 39),
)


@register("asr.citrinet", version=1)
class Citrinet(WrappedStream):
    """Encode features with Citrinet (Majumdar et al. 2021, 2104.01721, sec. 2).

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        width: channels of the blocks, at least 8: the number in the names of the paper's models.
        repeat: convolutions in each of the 21 residual blocks, at least 1.
        gamma: scale of the kernels, above 0; less than 1 makes the model faster and more local.
        d_model: width of the encoded frames, at least 8.
        dropout: probability in [0, 1) of zeroing a value after each activation of a residual block.

    Raises:
        ValueError: an argument is out of range.

    >>> import torch
    >>> encoder = Citrinet(8, width=8, repeat=1, d_model=16)
    >>> encoded, lengths = encoder(torch.zeros(2, 8, 20), torch.tensor([20, 8]))
    >>> encoded.shape, lengths
    (torch.Size([2, 16, 3]), tensor([3, 1]))
    """

    def __init__(
        self,
        feat_in: int,
        *,
        width: int = 256,
        repeat: int = 5,
        gamma: float = 1.0,
        d_model: int = 640,
        dropout: float = 0.0,
    ) -> None:
        check_above_zero(gamma=gamma)
        blocks = citrinet_blocks(width, repeat, gamma=gamma, d_model=d_model, dropout=dropout)
        encoder = ConvEncoder(feat_in, blocks)
        super().__init__(encoder)
        self.encoder = encoder

    @staticmethod
    def look_ahead() -> float:
        """Return how far ahead the gates hear: to the end."""
        return math.inf

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B d_model ceil(T/8)"), "lengths": Lengths("B", of="ceil(T/8)")},
    )
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            features: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, d_model, ceil(T/8)] encoded frames and [B] valid ones among them.
        """
        return self.encoder(features, lengths)

    @property
    def inner(self) -> ConvEncoder:
        """The encoder that this one is written out as."""
        return self.encoder


def citrinet_blocks(
    width: int, repeat: int, *, gamma: float, d_model: int, dropout: float
) -> list[ConvBlock]:
    """Write out the paper's model as rows of `asr.conv_encoder`.

    Args:
        width: channels of the blocks.
        repeat: convolutions in each residual block.
        gamma: scale of the kernels, which stay odd; the first block's is kept.
        d_model: channels of the last block.
        dropout: probability in [0, 1).

    >>> blocks = citrinet_blocks(8, 5, gamma=0.25, d_model=16, dropout=0.0)
    >>> len(blocks), [block.kernel for block in blocks[:7]]
    (23, [5, 3, 3, 3, 5, 5, 5])
    """
    excite = Excite()
    residual = [
        ConvBlock(
            width,
            _scaled(kernel, gamma),
            repeat=repeat,
            stride=2 if place == 0 else 1,
            excite=excite,
            dropout=dropout,
        )
        for kernels in _MEGA_BLOCKS
        for place, kernel in enumerate(kernels)
    ]
    first = ConvBlock(width, _FIRST, residual=False, excite=excite)
    last = ConvBlock(d_model, _scaled(_LAST, gamma), residual=False, excite=excite)
    return [first, *residual, last]


def _scaled(kernel: int, gamma: float) -> int:
    scaled = max(int(kernel * gamma), 1)
    return scaled + 1 - scaled % 2
