import pytest
import torch
from torch import nn
from torch.export import Dim

from phonograph.modules.recurrence_operator import read_frames

CELLS = [nn.LSTM(3, 5), nn.GRU(3, 5), nn.RNN(3, 5, nonlinearity="relu")]


class Reader(nn.Module):
    def __init__(self, cell: nn.RNNBase) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, frames):
        return read_frames(self.cell, frames)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.mode)
def test_the_operator_is_the_layer_at_every_length(cell):
    free = {0: Dim.DYNAMIC, 1: Dim.DYNAMIC}
    program = torch.export.export(Reader(cell), (torch.randn(7, 2, 3),), dynamic_shapes=(free,))
    for steps, batch in [(1, 1), (31, 4)]:
        frames = torch.randn(steps, batch, 3)
        torch.testing.assert_close(program.module()(frames), cell(frames)[0])


def test_outside_of_an_export_the_gradient_reaches_the_weights():
    cell = nn.GRU(3, 5)
    read_frames(cell, torch.randn(4, 2, 3)).sum().backward()
    assert all(weight.grad is not None for weight in cell.parameters())
