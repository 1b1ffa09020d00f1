"""One recurrent layer as one operator, so that an exported program keeps it whole."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_CELLS = {"LSTM": "lstm", "GRU": "gru", "RNN_RELU": "relu"}
_FEW = 8  # frames; oneDNN's LSTM lays its weights out anew every time, which takes longer


def read_frames(reader: nn.RNNBase, frames_tbd: Tensor) -> Tensor:
    """Read frames with a recurrent layer that starts from zeros.

    `torch.export` would write every step of the layer down, which fixes their number. While
    exporting, the layer is therefore the single operator `phonograph::recurrence`, for which
    whoever writes the program down has a loop.

    Args:
        reader: one layer that reads in one direction: `nn.LSTM`, `nn.GRU`, or `nn.RNN` with
            rectified outputs; with biases, time first.
        frames_tbd: [T, B, width] frames.

    Returns:
        [T, B, hidden size].

    >>> read_frames(nn.GRU(4, 6), torch.zeros(9, 2, 4)).shape
    torch.Size([9, 2, 6])
    """
    if not torch.compiler.is_exporting():
        read, _ = reader(frames_tbd)
        return read
    weights = [reader.get_parameter(name) for name in _WEIGHTS]
    return _recurrence(frames_tbd, weights, _CELLS[reader.mode])


def read_on(reader: nn.RNNBase, frames_tbd: Tensor, state_bsd: Tensor) -> tuple[Tensor, Tensor]:
    """Read further frames with a recurrent layer.

    While exporting, the number of frames must be fixed: every step is written down.

    Args:
        reader: as above.
        frames_tbd: [N, B, width] frames.
        state_bsd: [B, S, hidden size], S hidden states: of an LSTM two, else one.

    Returns:
        [N, B, hidden size], and the states after the last frame.

    >>> read, state = read_on(nn.LSTM(4, 6), torch.zeros(9, 2, 4), torch.zeros(2, 2, 6))
    >>> read.shape, state.shape
    (torch.Size([9, 2, 6]), torch.Size([2, 2, 6]))
    """
    if _by_cells(reader, frames_tbd):
        return _stepped(reader, frames_tbd, state_bsd)
    parts = [part.unsqueeze(0).contiguous() for part in state_bsd.unbind(1)]
    read, after = reader(frames_tbd, tuple(parts) if reader.mode == "LSTM" else parts[0])
    return read, torch.cat(after if reader.mode == "LSTM" else [after]).transpose(0, 1)


def _by_cells(reader: nn.RNNBase, frames_tbd: Tensor) -> bool:
    few = frames_tbd.is_cpu and frames_tbd.shape[0] <= _FEW
    return few and reader.mode == "LSTM" and not torch.compiler.is_exporting()


def _stepped(reader: nn.RNNBase, frames_tbd: Tensor, state_bsd: Tensor) -> tuple[Tensor, Tensor]:
    weights = [reader.get_parameter(name) for name in _WEIGHTS]
    hidden, cell = state_bsd.unbind(1)
    read = []
    for frame in frames_tbd:
        hidden, cell = torch.lstm_cell(frame, (hidden, cell), *weights)
        read.append(hidden)
    return torch.stack(read), torch.stack([hidden, cell], 1)


_WEIGHTS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


@torch.library.custom_op("phonograph::recurrence", mutates_args=())
def _recurrence(frames_tbd: Tensor, weights: Sequence[Tensor], cell: str) -> Tensor:
    zeros = frames_tbd.new_zeros(1, frames_tbd.shape[1], weights[1].shape[1])
    rest = (list(weights), True, 1, 0.0, False, False, False)
    match cell:
        case "lstm":
            return torch.lstm(frames_tbd, [zeros, zeros], *rest)[0]
        case "gru":
            return torch.gru(frames_tbd, zeros, *rest)[0]
    return torch.rnn_relu(frames_tbd, zeros, *rest)[0]


@_recurrence.register_fake
def _shape(frames_tbd: Tensor, weights: Sequence[Tensor], cell: str) -> Tensor:  # noqa: ARG001
    return frames_tbd.new_empty(*frames_tbd.shape[:2], weights[1].shape[1])
