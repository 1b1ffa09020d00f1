"""The Conformer encoder: subsampling, then layers of attention and convolution."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from phonograph.collections.asr.subsampling import Conv1dSubsampling, Conv2dSubsampling
from phonograph.modules.conformer_block import BlockSettings, ConformerBlock
from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_at_least
from phonograph.modules.relative_positions import relative_sinusoids
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_PAPER = BlockSettings()


@register("asr.conformer", version=1)
class Conformer(nn.Module):
    """Encode features with attention and convolution (Gulati et al. 2020, arXiv 2005.08100).

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        d_model: width of the layers and of the result, a multiple of the heads; 144, 256 and 512
            are the paper's small, medium and large.
        layers: number of layers, at least 1; 16, 16 and 17 in the paper.
        stride: frames of the input for one of the result, a power of two.
        subsampling: how frames are joined: `conv2d` over time and frequency, `conv1d` over time.
        block: what the layers are like.

    Raises:
        ValueError: a number is out of range, or the width does not fit the heads.

    >>> import torch
    >>> encoder = Conformer(80, d_model=16, layers=2, stride=4)
    >>> encoded, lengths = encoder(torch.zeros(1, 80, 50), torch.tensor([50]))
    >>> encoded.shape, lengths
    (torch.Size([1, 16, 13]), tensor([13]))
    """

    def __init__(
        self,
        feat_in: int,
        *,
        d_model: int = 144,
        layers: int = 16,
        stride: int = 4,
        subsampling: Literal["conv2d", "conv1d"] = "conv2d",
        block: BlockSettings = _PAPER,
    ) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in, d_model=d_model, layers=layers)
        if d_model % block.heads:
            message = f"`block.heads`: {block.heads} heads do not divide `d_model` {d_model}"
            raise ValueError(message)
        if d_model % 2 and block.positions == "relative":
            raise ValueError(f"`d_model` must be even for relative positions, not {d_model}")
        subsample = Conv2dSubsampling if subsampling == "conv2d" else Conv1dSubsampling
        self.subsampling = subsample(feat_in, d_model, stride)
        self.dropout = nn.Dropout(block.dropout)
        self.layers = nn.ModuleList(ConformerBlock(d_model, block) for _ in range(layers))
        self.relative = block.positions == "relative"

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B d_model ceil(T/stride)"),
            "lengths": Lengths("B", of="ceil(T/stride)"),
        },
    )
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode padded features.

        Args:
            features: [B, feat_in, T] features.
            lengths: [B] valid frames.

        Returns:
            [B, d_model, ceil(T/stride)] encoded frames, zero in the padding, and [B] how many are
            valid.
        """
        x_btd, lengths = self.subsampling(features, lengths)
        x_btd = self.dropout(x_btd)
        mask = valid_mask(lengths, x_btd.shape[1])
        distances = relative_sinusoids(x_btd) if self.relative else None
        for layer in self.layers:
            x_btd = layer(x_btd, mask, distances)
        return x_btd.transpose(1, 2).masked_fill(~mask.unsqueeze(1), 0.0), lengths
