"""Recurrent layers behind an encoder."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from phonograph.modules.ranges import check_at_least, check_dropout
from phonograph.types.kinds import Encoded, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import register

_CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}


@register("asr.recurrent", version=1)
class Recurrent(nn.Module):
    """Read encoded frames with recurrent layers, in one direction or in both.

    LSTM (Hochreiter and Schmidhuber 1997), GRU (Cho et al. 2014, 1406.1078), both directions
    (Schuster and Paliwal 1997). The backward reader starts at each utterance's own last frame.

    Args:
        feat_in: width of the encoded frames, at least 1; solved from the wire when left out.
        d_model: width of the output, at least 1; each of two directions gives half of it.
        layers: recurrent layers, at least 1.
        cell: `gru`, or `lstm`, which trains faster on a CPU.
        bidirectional: whether frames are also read from the end to the start.
        dropout: probability in [0, 1) of zeroing a value before each layer.

    Raises:
        ValueError: an argument is out of range, or `d_model` is odd with two directions.

    >>> layer = Recurrent(8, d_model=16)
    >>> layer(torch.zeros(2, 8, 9), torch.tensor([9, 4])).shape
    torch.Size([2, 16, 9])
    """

    exports = "PyTorch unrolls recurrent cells over time on export, which fixes the length"

    def __init__(
        self,
        feat_in: int,
        *,
        d_model: int = 256,
        layers: int = 1,
        cell: Literal["gru", "lstm"] = "gru",
        bidirectional: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in, d_model=d_model, layers=layers)
        check_dropout(dropout)
        if bidirectional and d_model % 2:
            raise ValueError(f"`d_model` must be even for two directions, not {d_model}")
        width = d_model // 2 if bidirectional else d_model
        widths = [feat_in, *[d_model] * (layers - 1)]
        self.forward_cells = nn.ModuleList(_CELLS[cell](width_in, width) for width_in in widths)
        self.backward_cells = nn.ModuleList(
            _CELLS[cell](width_in, width) for width_in in (widths if bidirectional else [])
        )
        self.dropout = nn.Dropout(dropout)

    @ports(
        encoded=Encoded("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B d_model T")},
    )
    def forward(self, encoded: Tensor, lengths: Tensor) -> Tensor:
        """Read the frames.

        Args:
            encoded: [B, feat_in, T].
            lengths: [B] valid frames.

        Returns:
            [B, d_model, T]; frames beyond an utterance's length hold no meaning.
        """
        # Time first, and two one-way cells instead of packed sequences: about four times faster
        # on a CPU, forward and backward, for the same result.
        frames_tbd = encoded.permute(2, 0, 1)
        mirror = mirrored_steps(lengths, frames_tbd.shape[0])
        for index, reader in enumerate(self.forward_cells):
            frames_tbd = self.dropout(frames_tbd)
            read = [reader(frames_tbd)[0]]
            if self.backward_cells:
                backwards, _ = self.backward_cells[index](_take(frames_tbd, mirror))
                read.append(_take(backwards, mirror))
            frames_tbd = torch.cat(read, 2)
        return frames_tbd.permute(1, 2, 0)


def mirrored_steps(lengths: Tensor, size: int) -> Tensor:
    """Return which step stands where, when each utterance is reversed within its valid steps.

    Args:
        lengths: [B] valid steps.
        size: steps of the padded axis.

    Returns:
        [size, B] steps; those of the padding stay in place.

    >>> mirrored_steps(torch.tensor([3, 2]), 3).T
    tensor([[2, 1, 0],
            [1, 0, 2]])
    """
    step = torch.arange(size, device=lengths.device).unsqueeze(1)
    return torch.where(step < lengths, lengths - 1 - step, step)


def _take(frames_tbd: Tensor, steps_tb: Tensor) -> Tensor:
    return frames_tbd.gather(0, steps_tb.unsqueeze(2).expand(-1, -1, frames_tbd.shape[2]))
