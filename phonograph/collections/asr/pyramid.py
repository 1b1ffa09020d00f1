"""The pyramid of Listen, Attend and Spell: recurrent layers that halve the frames."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.masks import valid_mask, zero_padding
from phonograph.modules.ranges import check_at_least
from phonograph.modules.recurrent_stack import Recurrence, RecurrentLayer
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_LSTM = Recurrence(cell="lstm")


@register("asr.pyramid", version=1)
class Pyramid(nn.Module):
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
        super().__init__()
        check_at_least(1, feat_in=feat_in, d_model=d_model, layers=layers)
        widths = [feat_in, *[d_model] * (layers - 1)]
        self.layers = nn.ModuleList(
            RecurrentLayer(2 * width, d_model, recurrence) for width in widths
        )
        self.dropout = nn.Dropout(recurrence.dropout)

    @staticmethod
    def derived(layers: int) -> Mapping[str, int]:
        """Return the frames per encoded frame.

        >>> Pyramid.derived(3)
        {'stride': 8}
        """
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
