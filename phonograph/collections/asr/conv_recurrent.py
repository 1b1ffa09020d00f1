"""Convolutions over frequency and time, then recurrence: Deep Speech 2, or a listener."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from phonograph.modules.block_stream import StreamState
from phonograph.modules.frequency_convs import (
    FrequencyConv,
    FrequencyConvs,
    frames_ahead,
    frames_per_frame,
)
from phonograph.modules.masks import zero_padding
from phonograph.modules.moment import Moment
from phonograph.modules.recurrent_stack import Recurrence, RecurrentStack
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_ADDED = Recurrence(cell="lstm", join="sum", norm="batch")


class ConvRecurrentState(NamedTuple):
    """What the encoder keeps of a stream, beside features that wait.

    Args:
        convs: what each convolution hears again.
        stack: the states of the recurrent layers.
    """

    convs: tuple[Tensor, ...]
    stack: tuple[Tensor, ...]


@register("asr.conv_recurrent", version=1)
class ConvRecurrent(SlidingStream):
    """Encode features with 2-D convolutions, then with recurrent layers.

    Deep Speech 2 (Amodei et al. 2015, 1512.02595, sec. 3), and the listener of SpecAugment's
    recogniser (Park et al. 2019, 1904.08779, sec. 3.1). Batch norms count padded frames in
    training; in evaluation padding makes no difference. Frames beyond an utterance's length are
    zero.

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        convs: the convolutions, first to last; an empty list for none.
        d_model: width of the recurrent layers and of the result, at least 1.
        layers: recurrent layers, at least 1.
        recurrence: what they are like.

    Raises:
        ValueError: an argument is out of range, or `d_model` is odd though two directions share it.

    >>> import torch
    >>> encoder = ConvRecurrent(80, [FrequencyConv(4, (41, 11), (2, 2))], d_model=16, layers=2)
    >>> encoded, lengths = encoder(torch.zeros(2, 80, 9), torch.tensor([9, 4]))
    >>> encoded.shape, lengths
    (torch.Size([2, 16, 5]), tensor([5, 2]))
    """

    def __init__(
        self,
        feat_in: int,
        convs: Sequence[FrequencyConv],
        *,
        d_model: int = 1024,
        layers: int = 5,
        recurrence: Recurrence = _ADDED,
    ) -> None:
        super().__init__(width=d_model, stride=frames_per_frame(convs), ahead=frames_ahead(convs))
        self.feat_in, self.no_stream = feat_in, recurrence.no_stream
        self.convs = FrequencyConvs(feat_in, convs)
        self.stack = RecurrentStack(self.convs.width, d_model, layers, recurrence)

    @staticmethod
    def derived(convs: Sequence[FrequencyConv]) -> Mapping[str, int]:
        """Return the frames per encoded frame.

        >>> ConvRecurrent.derived([FrequencyConv(32, (41, 11), (2, 2))])
        {'stride': 2}
        """
        return {"stride": frames_per_frame(convs)}

    @staticmethod
    def look_ahead(convs: Sequence[FrequencyConv], recurrence: Recurrence) -> float:
        """Return the frames after its own that an output hears; infinity for two directions."""
        return math.inf if recurrence.bidirectional else frames_ahead(convs)

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B d_model ceil(T/stride)"),
            "lengths": Lengths("B", of="ceil(T/stride)"),
        },
    )
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            features: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, d_model, ceil(T/stride)] encoded frames and [B] valid ones among them.
        """
        frames, lengths = self.convs(features, lengths)
        read_tbd = self.stack(frames.permute(2, 0, 1), lengths)
        return zero_padding(read_tbd.permute(1, 2, 0), lengths), lengths

    def begun(self, batch: int, late: int) -> tuple[Tensor, ConvRecurrentState]:
        """Return the features and the state that a stream begins with."""
        kept = ConvRecurrentState(self.convs.start(batch), self.stack.start(batch))
        return kept.stack[0].new_zeros(batch, self.feat_in, self.lead(late)), kept

    def advanced(
        self, x: Tensor, state: StreamState
    ) -> tuple[Tensor, Tensor, Tensor, ConvRecurrentState]:
        """Encode the next features of a stream."""
        kept: ConvRecurrentState = state.kept
        frames, moment, convs = self.convs.step(x, Moment(state.first, state.end), kept.convs)
        before, until = moment.within(frames.shape[2])
        read_tbd, stack = self.stack.step(frames.permute(2, 0, 1), before, kept.stack)
        encoded = moment.silenced(read_tbd.permute(1, 2, 0))
        return encoded, before, until, ConvRecurrentState(convs, stack)
