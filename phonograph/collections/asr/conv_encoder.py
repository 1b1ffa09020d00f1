"""The general convolutional encoder: a table of blocks, as in Jasper, QuartzNet and Citrinet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.block_stream import StreamState
from phonograph.modules.conv_block import (
    Activation,
    ConvBlock,
    ConvBlockState,
    ResidualConvBlock,
)
from phonograph.modules.frame_norm import FrameNorm
from phonograph.modules.moment import Moment
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.modules.time_axis import TimeAxis
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_NO_BLOCKS = "`blocks` must have at least one row"


@register("asr.conv_encoder", version=1)
class ConvEncoder(SlidingStream):
    """Encode features with blocks of time convolutions, one after another.

    Jasper (Li et al. 2019, 1904.03288, sec. 2.1), QuartzNet (Kriman et al. 2019, 1910.10261, sec.
    3.1) and Citrinet (Majumdar et al. 2021, 2104.01721, sec. 2). Batch norm counts padded frames
    in training, as there; in evaluation padding makes no difference. Frames beyond an utterance's
    length are zero.

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        blocks: the rows of the architecture's table, first to last, at least one.
        activation: after every norm.
        norm: what follows every convolution; batch norm when left out.

    Raises:
        ValueError: there are no blocks, or groups do not divide channels.

    >>> encoder = ConvEncoder(8, [ConvBlock(16, kernel=5, stride=2), ConvBlock(32, kernel=1)])
    >>> encoded, lengths = encoder(torch.zeros(2, 8, 9), torch.tensor([9, 4]))
    >>> encoded.shape, lengths
    (torch.Size([2, 32, 5]), tensor([5, 2]))
    """

    def __init__(
        self,
        feat_in: int,
        blocks: Sequence[ConvBlock],
        *,
        activation: Activation = "relu",
        norm: FrameNorm | None = None,
    ) -> None:
        super().__init__(**self.derived(blocks), ahead=delay(blocks))
        self.feat_in, self.norm = feat_in, norm or FrameNorm()
        self.no_stream = _why_not_streaming(blocks, self.norm)
        self.blocks = nn.ModuleList()
        widths: list[int] = []
        sooner: list[int] = []
        for block in blocks:
            dense = block.residual == "dense"
            widths, sooner = ([*widths, feat_in], [*sooner, 0]) if dense else ([feat_in], [0])
            self.blocks.append(
                ResidualConvBlock(
                    widths, block, activation=activation, norm=self.norm, sooner=sooner
                )
            )
            widths = widths if dense else []
            sooner = [frames + block.delay for frames in sooner] if dense else []
            feat_in = block.filters

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
            "stride": math.prod(block.total_stride for block in blocks),
            "width": blocks[-1].filters,
        }

    @staticmethod
    def look_ahead(blocks: Sequence[ConvBlock], norm: FrameNorm | None = None) -> float:
        """Return how many frames of the features after its own an encoded frame depends on.

        >>> ConvEncoder.look_ahead([ConvBlock(16, kernel=5, stride=2), ConvBlock(32, kernel=3)])
        4.0
        """
        if norm is not None and norm.whole:
            return math.inf
        gated = any(block.excite is not None for block in blocks)
        return math.inf if gated else float(delay(blocks))

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
        size = self.norm.padded(features.shape[2])
        axis = TimeAxis.of(lengths, size)
        features = functional.pad(features, (0, size - features.shape[2]))
        frames = _laid_out(features.unsqueeze(2).masked_fill(~axis.mask, 0.0))
        inputs: list[Tensor] = []
        for block in self.blocks:
            inputs = [*inputs, frames] if block.dense else [frames]
            frames, axis = block(inputs, axis)
            inputs = inputs if block.dense else []
        return frames.squeeze(2), axis.lengths

    def begun(self, batch: int, late: int) -> tuple[Tensor, tuple[ConvBlockState, ...]]:
        """Return the features that a stream begins with, and what its blocks hear again."""
        rest = next(self.parameters()).new_zeros(batch, self.feat_in, self.lead(late))
        return rest, tuple(block.start(batch) for block in self._each)

    def advanced(
        self, x: Tensor, state: StreamState
    ) -> tuple[Tensor, Tensor, Tensor, tuple[ConvBlockState, ...]]:
        """Encode the next features of a stream."""
        moment = Moment(state.first, state.end)
        frames = _laid_out(moment.silenced(x.unsqueeze(2)))
        inputs: list[Tensor] = []
        after: list[ConvBlockState] = []
        for block, kept in zip(self._each, state.kept, strict=True):
            inputs = [*inputs, frames] if block.dense else [frames]
            frames, moment, heard = block.step(inputs, moment, kept)
            inputs = inputs if block.dense else []
            after.append(heard)
        return frames.squeeze(2), *moment.within(frames.shape[3]), tuple(after)

    @property
    def _each(self) -> list[ResidualConvBlock]:
        return cast("list[ResidualConvBlock]", list(self.blocks))


def delay(blocks: Sequence[ConvBlock]) -> int:
    """Return how many frames of the features after its own an encoded frame waits for in a stream.

    >>> delay([ConvBlock(16, kernel=5, stride=2), ConvBlock(32, kernel=3)])
    4
    """
    ahead, stride = 0, 1
    for block in blocks:
        ahead += stride * block.delay
        stride *= block.total_stride
    return ahead


def _why_not_streaming(blocks: Sequence[ConvBlock], norm: FrameNorm) -> str | None:
    if norm.whole:
        return f"`norm` {norm.kind} hears the whole utterance"
    if any(block.excite is not None for block in blocks):
        return "the gates of `excite` hear the whole utterance"
    return None


def _laid_out(frames: Tensor) -> Tensor:
    """Lay frames on a processor out in one way from here to the end; see TimeConv."""
    if frames.device.type != "cpu":
        return frames
    return frames.contiguous(memory_format=torch.channels_last)
