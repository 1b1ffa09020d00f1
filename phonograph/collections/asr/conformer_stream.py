"""What a Conformer hears when: its look-ahead, and how it cuts features into blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from phonograph.collections.asr.subsampling import Subsampling
from phonograph.modules.conformer_block import BlockSettings, BlockState
from phonograph.modules.context import Context


class ConformerState(NamedTuple):
    """What an encoder keeps of a stream, beside features that wait.

    Args:
        heard: [B, feat_in, C] the features before a block that the subsampling hears again.
        position: [B] the position of the next subsampled frame, below 0 before any is complete.
        layers: what the layers keep.
    """

    heard: Tensor
    position: Tensor
    layers: tuple[BlockState, ...]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How features are cut into blocks, each of which completes the frames of one chunk.

    Args:
        lead: features before the first that fill up the first block, so that every block ends with
            the last feature that its frames need.
        before: features before a block that the subsampling hears again.
        skipped: frames at the start of a block and what is before it that came out earlier.
        late: frames that a block is behind the features it begins with.
    """

    lead: int
    before: int
    skipped: int
    late: int

    @classmethod
    def of(cls, front: Subsampling, stride: int, context: Context, late: int = 0) -> StreamPlan:
        """Plan the blocks.

        Args:
            front: how features become frames.
            stride: features for one frame.
            context: what a frame may see.
            late: features that come before the first and are no part of the utterance.

        >>> StreamPlan.of(Subsampling(), 4, Context(0, 0))
        StreamPlan(lead=0, before=4, skipped=1, late=0)
        """
        first, last = front.heard(stride)
        size = stride * context.chunk
        needed = stride * (context.chunk - 1) + last + 1 + late  # until the first chunk is complete
        lead = -needed % size
        skipped = -(first // stride)
        frames_late = (needed + lead) // stride - context.chunk
        before = stride * (frames_late + skipped) - lead - late
        return cls(lead, before, skipped, frames_late)


def why_not_streaming(front: Subsampling, block: BlockSettings, context: Context) -> str | None:
    """Say why an encoder cannot hear an utterance bit by bit, or None when it can.

    >>> why_not_streaming(Subsampling(), BlockSettings(), Context())
    'attention sees the whole utterance: `context.right` is not given'
    """
    if context.right is None:
        return "attention sees the whole utterance: `context.right` is not given"
    if block.whole:
        return f"`block.norm` {block.norm} hears the whole utterance"
    if front.padding is not None:
        return "`subsampling.padding` counts frames after the utterance"
    if front.reduction is not None:
        return "`subsampling.reduction` is not done bit by bit"
    return None


def frames_ahead(
    layers: int, stride: int, front: Subsampling, block: BlockSettings, context: Context
) -> float:
    """Return how many features after its own a frame of the result depends on.

    >>> frames_ahead(2, 4, Subsampling(), BlockSettings(kernel=5), Context(8, 1))
    27.0
    """
    if context.right is None or block.whole:
        return math.inf
    right = block.kernel // 2 if context.conv_right is None else context.conv_right
    after = front.reduced_after(layers)

    def last_heard(frame: int) -> int:
        for place in range(layers + 1, 0, -1):
            if place == after:
                frame = frame * front.factor + front.factor - 1
            if place <= layers:
                frame = context.last_seen(frame + right)
        return frame * stride + front.heard(stride)[1]

    frames = range(context.chunk)
    return float(max(last_heard(t) - t * stride * front.factor for t in frames))
