"""Hearing bit by bit what decides an output soon after its own step."""

from __future__ import annotations

import torch
from torch import Tensor

from phonograph.modules.block_stream import BlockStream, StreamState
from phonograph.modules.moment import Moment
from phonograph.modules.reach import Reach


class SlidingStream(BlockStream):
    """A module whose output t hears nothing more than `ahead` steps after step t * stride.

    Every block of `stride` steps ends with the last one that its output hears.

    Args:
        width: channels of the outputs, at least 1.
        stride: steps from one output to the next, at least 1.
        ahead: see above; has no meaning where a whole utterance must be heard.
    """

    def __init__(self, *, width: int, stride: int = 1, ahead: int = 0) -> None:
        super().__init__()
        self.width = width
        self.stride = self.block = stride
        self.ahead = ahead

    def outputs(self, steps: Tensor) -> Tensor:
        """Return how many outputs so many steps give."""
        return (steps + self.stride - 1) // self.stride

    def late(self, late: int = 0) -> int:
        """Return how many outputs before the first valid one come out of a stream."""
        return -(-(self.ahead + 1 + late) // self.stride) - 1

    def lead(self, late: int) -> int:
        """Return how many steps fill up the first block, so that each ends as said above."""
        return -(self.ahead + 1 + late) % self.stride

    def blocks_after_end(self, late: int = 0) -> int:
        """Return how many blocks after an utterance's end its last output may come out."""
        ends = (1, self.stride)
        given = self.outputs(torch.tensor(ends)).tolist()
        blocks = (-(-(steps + late) // self.stride) for steps in ends)
        return max(0, *(n + self.late(late) - b for n, b in zip(given, blocks, strict=True)))

    def moment(self, state: StreamState) -> Moment:
        """Return where the outputs of the next blocks stand."""
        given = Reach(0, self.ahead, self.stride).outputs(Moment(state.first, state.end))
        return Moment(given.first, self.outputs(state.end))

    def nothing(self, x: Tensor) -> Tensor:
        """Return no outputs."""
        return x.new_zeros(len(x), self.width, 0)
