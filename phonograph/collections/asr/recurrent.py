"""Recurrent layers behind an encoder, or on features."""

from __future__ import annotations

import math

from torch import Tensor

from phonograph.modules.block_stream import StreamState
from phonograph.modules.masks import zero_padding
from phonograph.modules.ranges import check_at_least
from phonograph.modules.recurrent_stack import Cell, Join, Norm, Recurrence, RecurrentStack
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.recurrent", version=2)
class Recurrent(SlidingStream):
    """Read frames with recurrent layers, in one direction or in both.

    LSTM (Hochreiter and Schmidhuber 1997), GRU (Cho et al. 2014, 1406.1078), both directions
    (Schuster and Paliwal 1997). The backward reader starts at each utterance's own last frame.
    Frames beyond an utterance's length are zero.

    Args:
        feat_in: width of the frames, at least 1; solved from the wire when left out.
        d_model: width of the output, at least 1.
        layers: recurrent layers, at least 1.
        cell: `gru`; `lstm`, which trains faster on a CPU; `relu`, without gates.
        bidirectional: whether frames are also read from the end to the start.
        join: how two directions become one output: each gives half of it (`concat`), or all of it
            and they are added (`sum`).
        norm: what follows every layer: `batch`, over all frames of the batch, or `none`.
        dropout: probability in [0, 1) of zeroing a value before each layer.

    Raises:
        ValueError: an argument is out of range, or `d_model` is odd though two directions share it.

    >>> import torch
    >>> layer = Recurrent(8, d_model=16)
    >>> layer(torch.zeros(2, 8, 9), torch.tensor([9, 4])).shape
    torch.Size([2, 16, 9])
    """

    def __init__(
        self,
        feat_in: int,
        *,
        d_model: int = 256,
        layers: int = 1,
        cell: Cell = "gru",
        bidirectional: bool = True,
        join: Join = "concat",
        norm: Norm = "none",
        dropout: float = 0.0,
    ) -> None:
        super().__init__(width=d_model)
        check_at_least(1, feat_in=feat_in)
        settings = Recurrence(cell, bidirectional, join, norm, dropout)
        self.feat_in, self.no_stream = feat_in, settings.no_stream
        self.stack = RecurrentStack(feat_in, d_model, layers, settings)

    @staticmethod
    def look_ahead(*, bidirectional: bool) -> float:
        """Return infinity for two directions: the backward reader starts at the end."""
        return math.inf if bidirectional else 0.0

    @ports(
        encoded=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B d_model T")},
    )
    def forward(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Read the frames.

        Args:
            encoded: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, d_model, T].
        """
        read_tbd = self.stack(encoded.permute(2, 0, 1), lengths)
        return zero_padding(read_tbd.permute(1, 2, 0), lengths)

    def begun(self, batch: int, late: int) -> tuple[Tensor, tuple[Tensor, ...]]:  # noqa: ARG002 (nothing waits)
        """Return no frames, and the states that a stream begins with."""
        states = self.stack.start(batch)
        return states[0].new_zeros(batch, self.feat_in, 0), states

    def advanced(
        self, x: Tensor, state: StreamState
    ) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, ...]]:
        """Read the next frames of a stream."""
        moment = self.moment(state)
        before, until = moment.within(x.shape[2])
        read_tbd, states = self.stack.step(x.permute(2, 0, 1), before, state.kept)
        return moment.silenced(read_tbd.permute(1, 2, 0)), before, until, states
