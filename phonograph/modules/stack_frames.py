"""Several frames next to each other become a wider one, which comes less often."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.modules.block_stream import StreamState
from phonograph.modules.masks import zero_padding
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least
from phonograph.modules.reach import Reach
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("combine.stack_frames", version=1)
class StackFrames(SlidingStream):
    """Stack frames, and take such a stack every few frames only (Sak et al. 2015, sec. 4).

    Fast and accurate recurrent neural network acoustic models, 1507.06947: 8 frames of 10 ms, every
    30 ms. Output t holds the frames from t * stride on, the earliest first; what lies beyond an
    utterance's end is zero.

    Args:
        feat_in: width of the frames, at least 1; solved from the wire when left out.
        frames: frames of a stack, at least 1.
        stride: frames from one stack to the next, from 1 to `frames`; by default all of them, so
            that no frame is in two stacks.

    Raises:
        ValueError: an argument is out of range.

    >>> stacked, lengths = StackFrames(4, frames=3)(torch.zeros(2, 4, 7), torch.tensor([7, 5]))
    >>> stacked.shape, lengths
    (torch.Size([2, 12, 3]), tensor([3, 2]))
    """

    nothing_yet: Tensor

    def __init__(self, feat_in: int, *, frames: int = 3, stride: int | None = None) -> None:
        step = self.derived(frames, stride)["step"]
        check_at_least(1, feat_in=feat_in, frames=frames, stride=step)
        if step > frames:
            raise ValueError(f"`stride` must be at most `frames`, {frames}, not {step}")
        super().__init__(width=frames * feat_in, stride=step, ahead=frames - 1)
        self.feat_in, self.frames = feat_in, frames
        self.reach = Reach(0, frames - 1, step)
        self.register_buffer("nothing_yet", torch.zeros(1), persistent=False)

    @staticmethod
    def derived(frames: int, stride: int | None) -> dict[str, int]:
        """Return how many frames a stack has, and how many lie from one to the next."""
        return {"stack": frames, "step": frames if stride is None else stride}

    @staticmethod
    def look_ahead(frames: int) -> float:
        """Return the frames that a stack holds after its own."""
        return frames - 1

    @ports(
        frames=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B stack*feat_in ceil(T/step)"),
            "lengths": Lengths("B", of="ceil(T/step)"),
        },
    )
    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Stack the frames.

        Args:
            frames: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, frames * feat_in, ceil(T / stride)] and [B] valid stacks.
        """
        longer = functional.pad(zero_padding(frames, lengths), (0, self.frames - 1))
        return self._stacked(longer), self.outputs(lengths)

    def begun(self, batch: int, late: int) -> tuple[Tensor, Tensor]:
        """Return the frames that a stream begins with, and those that are stacked again."""
        heard = self.nothing_yet.new_zeros(batch, self.feat_in, self.lead(late) + self.reach.again)
        return heard[:, :, : self.lead(late)], heard[:, :, self.lead(late) :]

    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Stack the next frames of a stream."""
        before = Moment(state.first, state.end)
        heard, kept, moment = self.reach.heard(before.silenced(x), state.kept, before)
        given = self._stacked(heard)
        return moment.silenced(given), *moment.within(given.shape[2]), kept

    def _stacked(self, heard: Tensor) -> Tensor:
        span = heard.shape[2] - self.frames + 1
        each = [heard[:, :, k : k + span : self.stride] for k in range(self.frames)]
        return torch.cat(each, 1)
