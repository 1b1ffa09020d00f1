"""The pyramid of Listen, Attend and Spell: recurrent layers that halve the frames."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.block_stream import StreamState
from phonograph.modules.dropout import Dropout
from phonograph.modules.masks import valid_mask, zero_padding
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least, check_at_most
from phonograph.modules.reach import Reach
from phonograph.modules.recurrent_stack import Recurrence, RecurrentLayer
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_LSTM = Recurrence(cell="lstm")


_MOST_LAYERS = 20  # a frame out of a million


@register("asr.pyramid", version=1)
class Pyramid(SlidingStream):
    """Encode frames with recurrent layers that each take two frames as one.

    The pyramidal BLSTM of Chan et al. 2015 (1508.01211, sec. 3.1). A last frame without a partner
    is joined with zeros. Frames beyond an utterance's length are zero.

    Args:
        feat_in: width of the frames, at least 1; solved from the wire when left out.
        d_model: width of every layer's output, at least 1.
        layers: how often the frames are halved, at least 1.
        recurrence: what the layers are like.

    Raises:
        ValueError: an argument is out of range, or `d_model` is odd though two directions share it.

    >>> pyramid = Pyramid(8, d_model=16, layers=3)
    >>> encoded, lengths = pyramid(torch.zeros(2, 8, 17), torch.tensor([17, 4]))
    >>> encoded.shape, lengths
    (torch.Size([2, 16, 3]), tensor([3, 1]))
    """

    def __init__(
        self, feat_in: int, *, d_model: int = 512, layers: int = 3, recurrence: Recurrence = _LSTM
    ) -> None:
        check_at_least(1, feat_in=feat_in, d_model=d_model)
        _check_layers(layers)
        super().__init__(width=d_model, stride=2**layers, ahead=2**layers - 1)
        self.feat_in, self.no_stream = feat_in, recurrence.no_stream
        widths = [feat_in, *[d_model] * (layers - 1)]
        self.layers = nn.ModuleList(
            RecurrentLayer(2 * width, d_model, recurrence) for width in widths
        )
        self.dropout = Dropout(recurrence.dropout)

    @staticmethod
    def derived(layers: int) -> Mapping[str, int]:
        """Return the frames per encoded frame.

        >>> Pyramid.derived(3)
        {'stride': 8}
        """
        _check_layers(layers)
        return {"stride": 2**layers}

    @staticmethod
    def look_ahead(layers: int, recurrence: Recurrence) -> float:
        """Return the frames after its own that an output hears; infinity for two directions."""
        return math.inf if recurrence.bidirectional else 2**layers - 1

    @ports(
        encoded=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B d_model ceil(T/stride)"),
            "lengths": Lengths("B", of="ceil(T/stride)"),
        },
    )
    def forward(self, encoded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            encoded: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, d_model, ceil(T/stride)] encoded frames and [B] valid ones among them.
        """
        frames_tbd = encoded.permute(2, 0, 1)
        for layer in self.layers:
            frames_tbd = in_pairs(frames_tbd, lengths)
            lengths = (lengths + 1) // 2
            frames_tbd = layer(self.dropout(frames_tbd), lengths)
        return zero_padding(frames_tbd.permute(1, 2, 0), lengths), lengths

    def begun(self, batch: int, late: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the frames and the states that a stream begins with."""
        states = tuple(layer.start(batch) for layer in self._each)
        return states[0].new_zeros(batch, self.feat_in, self.lead(late)), states

    def advanced(
        self, x: Tensor, state: StreamState
    ) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, ...]]:
        """Encode the next frames of a stream."""
        moment, after = Moment(state.first, state.end), []
        for layer, before in zip(self._each, state.kept, strict=True):
            x_tbd = moment.silenced(x).permute(2, 0, 1)
            x_tbd = torch.cat([x_tbd[::2], x_tbd[1::2]], 2)
            moment = Reach(0, 1, 2).outputs(moment)
            x_tbd, kept = layer.step(x_tbd, moment.within(len(x_tbd))[0], before)
            x = x_tbd.permute(1, 2, 0)
            after.append(kept)
        return moment.silenced(x), *moment.within(x.shape[2]), tuple(after)

    @property
    def _each(self) -> list[RecurrentLayer]:
        return cast("list[RecurrentLayer]", list(self.layers))


def in_pairs(frames_tbd: Tensor, lengths: Tensor) -> Tensor:
    """Put every second frame behind the one before it.

    Args:
        frames_tbd: [T, B, D] frames.
        lengths: [B] valid frames; the others count as zeros.

    Returns:
        [ceil(T/2), B, 2D].

    >>> in_pairs(torch.tensor([[[1.0]], [[2.0]], [[3.0]]]), torch.tensor([3])).flatten(1)
    tensor([[1., 2.],
            [3., 0.]])
    """
    steps = frames_tbd.shape[0]
    padding_tb = ~valid_mask(lengths, steps).T
    frames_tbd = frames_tbd.masked_fill(padding_tb.unsqueeze(2), 0.0)
    frames_tbd = functional.pad(frames_tbd, (0, 0, 0, 0, 0, steps % 2))
    return torch.cat([frames_tbd[::2], frames_tbd[1::2]], 2)


def _check_layers(layers: int) -> None:
    check_at_least(1, layers=layers)
    check_at_most(_MOST_LAYERS, layers=layers)
