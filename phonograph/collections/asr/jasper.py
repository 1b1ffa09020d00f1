"""Jasper BxR DR: a deep convolutional encoder with dense residual connections."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.modules.conv_block import ConvBlock
from phonograph.modules.wrapped_stream import WrappedStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

# Table 1 of the paper: eighths of 1024 filters, kernel and dropout; the groups are B1 to B5.
_GROUPS = ((2, 11, 0.2), (3, 13, 0.2), (4, 17, 0.2), (5, 21, 0.3), (6, 25, 0.3))
_EIGHTHS = 8
_FIRST, _WIDE, _LAST = (2, 11, 0.2), (7, 29, 0.4), (8, 1, 0.4)


@register("asr.jasper", version=1)
class Jasper(WrappedStream):
    """Encode features with Jasper `blocks`x`repeat` (Li et al. 2019, 1904.03288, table 1).

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        blocks: residual blocks: 5, 10 or 15, the five of the table once, twice or three times each.
        repeat: convolutions in each block, at least 1.
        d_model: width of the encoded frames, a multiple of 8; the table's filters shrink with it.
        dense: whether a block adds the inputs of all blocks before it (DR), or only its own.
        dropout: scale of the table's probabilities; 0 trains without.

    Raises:
        ValueError: an argument is out of range.

    >>> import torch
    >>> encoder = Jasper(64, blocks=5, repeat=1, d_model=16)
    >>> encoded, lengths = encoder(torch.zeros(2, 64, 9), torch.tensor([9, 4]))
    >>> encoded.shape, lengths
    (torch.Size([2, 16, 5]), tensor([5, 2]))
    """

    def __init__(
        self,
        feat_in: int,
        *,
        blocks: Literal[5, 10, 15] = 10,
        repeat: int = 5,
        d_model: int = 1024,
        dense: bool = True,
        dropout: float = 1.0,
    ) -> None:
        if blocks not in (5, 10, 15):
            raise ValueError(f"`blocks` must be 5, 10 or 15, not {blocks}")
        rows = jasper_blocks(blocks, repeat, d_model=d_model, dense=dense, dropout=dropout)
        encoder = ConvEncoder(feat_in, rows)
        super().__init__(encoder)
        self.encoder = encoder

    @staticmethod
    def derived(d_model: int) -> dict[str, int]:
        """Return the width of the encoded frames, which wires must not decide: all would change."""
        return {"width": d_model}

    @staticmethod
    def look_ahead(blocks: int, repeat: int) -> float:
        """Return how many frames of the features after its own an encoded frame depends on."""
        return ConvEncoder.look_ahead(jasper_blocks(blocks, repeat))

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B width ceil(T/2)"), "lengths": Lengths("B", of="ceil(T/2)")},
    )
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            features: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, d_model, ceil(T/2)] encoded frames and [B] valid ones among them.
        """
        return self.encoder(features, lengths)

    @property
    def inner(self) -> ConvEncoder:
        """The encoder that this one is written out as."""
        return self.encoder


def jasper_blocks(
    blocks: int, repeat: int, *, d_model: int = 1024, dense: bool = True, dropout: float = 1.0
) -> list[ConvBlock]:
    """Write out the paper's table as rows of `asr.conv_encoder`.

    Args:
        blocks: residual blocks, a multiple of 5.
        repeat: convolutions in each.
        d_model: channels of the last block, a multiple of 8.
        dense: whether a block adds the inputs of all blocks before it.
        dropout: scale of the table's probabilities.

    Raises:
        ValueError: an argument is out of range.

    >>> [(block.filters, block.kernel) for block in jasper_blocks(5, 5)][4:]
    [(640, 21), (768, 25), (896, 29), (1024, 1)]
    """
    if d_model < _EIGHTHS or d_model % _EIGHTHS:
        raise ValueError(f"`d_model` must be a multiple of {_EIGHTHS}, not {d_model}")

    def row(table: tuple[int, int, float], **more: Any) -> ConvBlock:
        eighths, kernel, share = table
        filters = d_model // _EIGHTHS * eighths
        return ConvBlock(filters, kernel, separable=False, dropout=dropout * share, **more)

    residual = [
        row(group, repeat=repeat, residual="dense" if dense else True)
        for group in _GROUPS
        for _ in range(blocks // len(_GROUPS))
    ]
    first = row(_FIRST, stride=2, residual=False)
    return [first, *residual, row(_WIDE, dilation=2, residual=False), row(_LAST, residual=False)]
