"""Operators by themselves, run by onnxruntime."""

import pytest
import torch
from torch import nn

from phonograph.graphs.export.onnx_operators import OPSET, translations
from phonograph.graphs.export.quiet import quiet
from phonograph.modules.recurrence_operator import read_frames


class Spectrum(nn.Module):
    def forward(self, frames):
        spectrum = torch.fft.rfft(frames, n=20)
        return torch.stack([spectrum.real, spectrum.imag])


class Reader(nn.Module):
    def __init__(self, cell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, frames):
        return read_frames(self.cell, frames)


def both(module, *examples):
    """Give what a module gives for the last example, and what its ONNX form gives."""
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with quiet(), torch.no_grad():
        program = torch.export.export(module.eval(), examples[:1], dynamic_shapes=(free,))
        written = torch.onnx.export(
            program,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            custom_translation_table=dict(translations()),
        )
        assert written is not None
        return module(examples[-1]), written(examples[-1])[0]


class OverTime(nn.Module):
    def forward(self, frames):
        return torch.view_as_real(torch.fft.rfft(frames, dim=0))


def test_a_transform_of_another_axis_is_refused_rather_than_written_wrongly():
    with pytest.raises(Exception, match="only the plain transform of real values over the last"):
        both(OverTime(), torch.randn(4, 3, 5))


def test_the_fourier_transform_is_exact_to_rounding():
    expected, found = both(Spectrum(), torch.randn(2, 3, 16), torch.randn(4, 1, 16))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "cell", [nn.LSTM(3, 5), nn.GRU(3, 5), nn.RNN(3, 5, nonlinearity="relu")], ids=lambda c: c.mode
)
def test_a_recurrent_layer_reads_any_number_of_frames(cell):
    expected, found = both(Reader(cell), torch.randn(7, 2, 3), torch.randn(31, 1, 3))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
