"""Wav2Letter: an encoder of plain convolutions over time."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.block_stream import StreamState
from phonograph.modules.dropout import Dropout
from phonograph.modules.masks import valid_mask, zero_padding
from phonograph.modules.moment import Moment
from phonograph.modules.ranges import check_at_least, check_dropout
from phonograph.modules.reach import Reach
from phonograph.modules.sliding_stream import SlidingStream
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_FIRST, _MIDDLE, _LAST = 48, 7, 32  # taps


@register("asr.wav2letter", version=1)
class Wav2Letter(SlidingStream):
    """Encode features with time convolutions and ReLU (Collobert et al. 2016, 1609.03193, sec. 2).

    The first convolution has 48 taps and halves the frames, then come some of 7 taps, one of 32
    and one of 1; the head makes the last layer of the paper's figure. Two of the kernels are even
    and add up to one frame more at the end. Frames beyond an utterance's length are zero.

    Args:
        feat_in: width of the features, at least 1; solved from the wire when left out.
        width: channels of all convolutions but the last two, at least 1.
        wide: channels of the last two, and width of the result, at least 1.
        layers: convolutions of 7 taps, at least 1.
        dropout: probability in [0, 1) of zeroing a value after each activation.

    Raises:
        ValueError: an argument is out of range.

    >>> import torch
    >>> encoder = Wav2Letter(40, width=8, wide=16)
    >>> encoded, lengths = encoder(torch.zeros(2, 40, 9), torch.tensor([9, 4]))
    >>> encoded.shape, lengths
    (torch.Size([2, 16, 5]), tensor([5, 3]))
    """

    def __init__(
        self,
        feat_in: int,
        *,
        width: int = 250,
        wide: int = 2000,
        layers: int = 7,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(width=wide, stride=2, ahead=self.look_ahead(layers))
        check_at_least(1, feat_in=feat_in, width=width, wide=wide, layers=layers)
        check_dropout(dropout)
        self.first = nn.Conv1d(feat_in, width, _FIRST, stride=2, padding=_FIRST // 2 - 1)
        self.middle = nn.ModuleList(
            nn.Conv1d(width, width, _MIDDLE, padding=_MIDDLE // 2) for _ in range(layers)
        )
        self.last = nn.Conv1d(width, wide, _LAST, padding=_LAST // 2)
        self.mix = nn.Conv1d(wide, wide, 1)
        self.dropout = Dropout(dropout)

    @staticmethod
    def look_ahead(layers: int) -> int:
        """Return the frames after its own that an output hears.

        >>> Wav2Letter.look_ahead(7)
        96
        """
        return _FIRST // 2 + 2 * (layers * (_MIDDLE // 2) + _LAST // 2 - 1)

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={
            "encoded": Encoded("B wide floor(T/2)+1"),
            "lengths": Lengths("B", of="floor(T/2)+1"),
        },
    )
    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            features: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, wide, floor(T/2)+1] encoded frames and [B] valid ones among them.
        """
        x = self._activated(self.first, zero_padding(features, lengths))
        padding = ~valid_mask(lengths // 2, x.shape[2]).unsqueeze(1)
        for conv in self.middle:
            x = self._activated(conv, x.masked_fill(padding, 0.0))
        x = self._activated(self.last, x.masked_fill(padding, 0.0))
        lengths = lengths // 2 + 1
        return zero_padding(self._activated(self.mix, x), lengths), lengths

    def outputs(self, steps: Tensor) -> Tensor:
        """Return how many frames so many frames of the features give."""
        return steps // 2 + 1

    def begun(self, batch: int, late: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the features that a stream begins with, and what is heard again."""
        convs = [conv for conv, _ in self._convs]
        kept = tuple(
            conv.weight.new_zeros(batch, conv.in_channels, reach.again)
            for conv, reach in self._convs
        )
        return convs[0].weight.new_zeros(batch, convs[0].in_channels, self.lead(late)), kept

    def advanced(
        self, x: Tensor, state: StreamState
    ) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, ...]]:
        """Encode the next features of a stream."""
        moment, after = Moment(state.first, state.end), []
        for (conv, reach), before in zip(self._convs, state.kept, strict=True):
            heard, kept, moment = reach.heard(moment.silenced(x), before, moment)
            x = functional.relu(functional.conv1d(heard, conv.weight, conv.bias, conv.stride))
            moment = replace(moment, end=state.end // 2)
            after.append(kept)
        moment = self.moment(state)
        encoded = moment.silenced(functional.relu(self.mix(x)))
        return encoded, *moment.within(x.shape[2]), tuple(after)

    @property
    def _convs(self) -> list[tuple[nn.Conv1d, Reach]]:
        middle = Reach(_MIDDLE // 2, _MIDDLE // 2)
        return [
            (self.first, Reach(_FIRST // 2 - 1, _FIRST // 2, 2)),
            *((conv, middle) for conv in cast("list[nn.Conv1d]", list(self.middle))),
            (self.last, Reach(_LAST // 2, _LAST // 2 - 1)),
        ]

    def _activated(self, conv: nn.Module, x: Tensor) -> Tensor:
        return self.dropout(functional.relu(conv(x)))
