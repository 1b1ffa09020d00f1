"""A limited look ahead after recurrent layers that read in one direction."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.modules.block_stream import StreamState
from phonograph.modules.clipped_relu import ClippedRelu
from phonograph.modules.depthwise import DepthwiseConv1d
from phonograph.modules.masks import zero_padding
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Encoded, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.row_conv", version=1)
class RowConv(SlidingStream):
    """Let every channel hear its next frames, weighted (row convolution, 1512.02595, sec. 3.7).

    Amodei et al. 2015, Deep Speech 2; a clipped ReLU follows. Frames beyond an utterance's length
    are zero.

    Args:
        feat_in: width of the encoded frames, at least 1; solved from the wire when left out.
        ahead: frames after its own that an output hears, at least 1.

    Raises:
        ValueError: an argument is out of range.

    >>> RowConv(8, ahead=3)(torch.zeros(2, 8, 9), torch.tensor([9, 4])).shape
    torch.Size([2, 8, 9])
    """

    def __init__(self, feat_in: int, *, ahead: int = 19) -> None:
        super().__init__(width=feat_in, ahead=ahead)
        check_at_least(1, feat_in=feat_in, ahead=ahead)
        self.conv = DepthwiseConv1d(feat_in, ahead + 1, bias=False)
        self.activation = ClippedRelu()

    @staticmethod
    def look_ahead(ahead: int) -> float:
        """Return the frames that an output hears after its own."""
        return ahead

    @ports(
        encoded=Encoded("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B feat_in T")},
    )
    def forward(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Look ahead.

        Args:
            encoded: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, feat_in, T].
        """
        longer = functional.pad(zero_padding(encoded, lengths), (0, self.ahead))
        return zero_padding(self.activation(self.conv(longer)), lengths)

    def begun(self, batch: int, late: int) -> tuple[Tensor, Tensor]:  # noqa: ARG002 (nothing waits)
        """Return no frames, and those before the first that are heard."""
        heard = self.conv.weight.new_zeros(batch, self.width, self.ahead)
        return heard[:, :, :0], heard

    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Look ahead to the next frames of a stream."""
        moment, size = self.moment(state), x.shape[2]
        x = Moment(state.first, state.end).silenced(x)
        heard = torch.cat([state.kept, x], 2)
        given = moment.silenced(self.activation(self.conv(heard)))
        return given, *moment.within(size), heard[:, :, size:]
