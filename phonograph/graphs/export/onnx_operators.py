"""ONNX forms of operators for which the exporter has none, or a poor one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from onnx import numpy_helper
from onnxscript import opset18

op: Any = opset18  # its hints know no constants
OPSET = 18
"""The version of ONNX's operators: old enough to be run by servers of the last three years."""

_GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "relu": (0,)}
"""Where ONNX's gates stand among PyTorch's: input, output, forget, cell; update, reset, new."""


def translations() -> Mapping[Callable[..., Any], Callable[..., Any]]:
    """Return PyTorch operator -> function that writes it in ONNX."""
    table: dict[Callable[..., Any], Callable[..., Any]] = {
        torch.ops.aten._fft_r2c.default: _real_fourier_transform  # noqa: SLF001 (its public name)
    }
    if hasattr(torch.ops.phonograph, "recurrence"):  # known once a recurrent module is
        table[torch.ops.phonograph.recurrence.default] = _recurrence
    return table


def _real_fourier_transform(
    frames: Any,
    dim: Sequence[int],
    normalization: int,
    onesided: bool,  # noqa: FBT001 (PyTorch calls it so)
) -> Any:
    """Multiply by a matrix: runtimes do that twice as fast as their DFT, where they have one."""
    rank = len(frames.shape)
    if [place % rank for place in dim] != [rank - 1] or normalization or not onesided:
        raise NotImplementedError("only the plain transform of real values over the last axis")
    kernels = _fourier_kernels(int(frames.shape[-1]))
    product = op.MatMul(frames, op.Constant(value=numpy_helper.from_array(kernels)))
    # the real and the imaginary part stand side by side: an axis of two, as PyTorch has it
    shape = np.array([0] * (rank - 1) + [kernels.shape[1] // 2, 2], np.int64)
    return op.Reshape(product, op.Constant(value=numpy_helper.from_array(shape)))


def _fourier_kernels(points: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    spectrum = np.fft.rfft(np.eye(points))
    return np.stack([spectrum.real, spectrum.imag], 2).reshape(points, -1).astype(np.float32)


def _recurrence(frames_tbd: Any, weights: Sequence[Any], cell: str) -> Any:
    """Read frames by ONNX's own loop over time."""
    hidden = int(weights[1].shape[1])
    rows = [gate * hidden + row for gate in _GATES[cell] for row in range(hidden)]
    order = op.Constant(value_ints=rows)
    inputs, states, input_bias, state_bias = (op.Gather(one, order, axis=0) for one in weights)
    bias = op.Concat(input_bias, state_bias, axis=0)
    one = op.Constant(value_ints=[0])
    arguments = [frames_tbd, *(op.Unsqueeze(value, one) for value in (inputs, states, bias))]
    match cell:
        case "lstm":
            read = op.LSTM(*arguments, hidden_size=hidden)
        case "gru":
            read = op.GRU(*arguments, hidden_size=hidden, linear_before_reset=1)
        case _:
            read = op.RNN(*arguments, hidden_size=hidden, activations=["Relu"])
    return op.Squeeze(read[0], op.Constant(value_ints=[1]))
