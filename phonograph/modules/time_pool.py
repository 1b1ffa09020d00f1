"""Windows of frames become one frame each."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.modules.block_stream import StreamState
from phonograph.modules.masks import valid_mask
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least, check_at_most
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("pool.time", version=1)
class TimePool(SlidingStream):
    """Take the mean or the maximum of every few frames (Chan et al. 2016, 1508.01211, sec. 2.1).

    Output t is about the frames from t * stride to t * stride + stride - 1 that are valid; frames
    beyond an utterance's length are zero.

    Args:
        feat_in: width of the frames, at least 1; solved from the wire when left out.
        stride: frames of a window, and from one to the next, at least 1.
        of: `mean` or `max`.

    Raises:
        ValueError: a number is below 1.

    >>> pool = TimePool(1, stride=2)
    >>> pool(torch.tensor([[[1.0, 3.0, 5.0, 9.0]]]), torch.tensor([3]))
    (tensor([[[2., 5.]]]), tensor([2]))
    """

    nothing_yet: Tensor

    def __init__(
        self, feat_in: int, *, stride: int = 2, of: Literal["mean", "max"] = "mean"
    ) -> None:
        check_at_least(1, feat_in=feat_in, stride=stride)
        check_at_most(10_000, stride=stride)
        super().__init__(width=feat_in, stride=stride, ahead=stride - 1)
        self.of = of
        self.register_buffer("nothing_yet", torch.zeros(1), persistent=False)

    @staticmethod
    def look_ahead(stride: int) -> float:
        """Return the frames of a window after its first."""
        return stride - 1

    @ports(
        frames=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B feat_in ceil(T/stride)"),
            "lengths": Lengths("B", of="ceil(T/stride)"),
        },
    )
    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Pool the frames.

        Args:
            frames: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, feat_in, ceil(T / stride)] and [B] valid windows.
        """
        longer = functional.pad(frames, (0, -frames.shape[2] % self.stride))
        mask = valid_mask(lengths, longer.shape[2])
        return self._pooled(longer, mask), self.outputs(lengths)

    def begun(self, batch: int, late: int) -> tuple[Tensor, tuple[()]]:
        """Return the frames that a stream begins with; nothing else is kept."""
        return self.nothing_yet.new_zeros(batch, self.width, self.lead(late)), ()

    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, tuple[()]]:
        """Pool the next frames of a stream."""
        mask = Moment(state.first, state.end).mask(x.shape[2])
        moment = self.moment(state)
        given = self._pooled(x, mask)
        return given, *moment.within(given.shape[2]), ()

    def _pooled(self, x: Tensor, mask: Tensor) -> Tensor:
        windows = (-1, self.stride)
        inside = mask.unflatten(1, windows).unsqueeze(1)
        x = x.unflatten(2, windows)
        count = inside.sum(3)
        if self.of == "mean":
            return x.masked_fill(~inside, 0.0).sum(3) / count.clamp(min=1)
        return x.masked_fill(~inside, float("-inf")).amax(3).masked_fill(count == 0, 0.0)
