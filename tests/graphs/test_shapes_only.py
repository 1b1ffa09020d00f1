import subprocess
import sys

import pytest
import torch
from torch import nn

from phonograph.graphs.shapes_only import ShapesOnly


def test_shapes_are_those_of_the_real_module():
    with ShapesOnly():
        sketched = nn.Sequential(nn.Embedding(5, 3), nn.LSTM(3, 4), nn.Conv1d(4, 2, 3))
    real = nn.Sequential(nn.Embedding(5, 3), nn.LSTM(3, 4), nn.Conv1d(4, 2, 3))
    assert all(weight.device.type == "meta" for weight in sketched.parameters())
    assert [w.shape for w in sketched.parameters()] == [w.shape for w in real.parameters()]


def test_afterwards_tensors_have_values_again():
    with ShapesOnly():
        pass
    torch.manual_seed(0)
    assert nn.Embedding(50, 30).weight.std() > 0.5


def test_pytorch_does_not_load_its_compiler_for_normal_values():
    code = (
        "import sys, torch\n"
        "from phonograph.graphs.shapes_only import ShapesOnly\n"
        "with ShapesOnly(): weight = torch.nn.Embedding(5, 3).weight; weight.data.normal_()\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("method", ["normal_", "uniform_"])
def test_a_tensor_without_memory_is_drawn_in_place(method):
    with ShapesOnly():
        weight = torch.empty(5, 3)
        assert getattr(weight, method)(0.0, 1.0) is weight
        assert getattr(nn.init, method)(weight, 0.0, 1.0) is weight
        assert getattr(nn.init, method)(tensor=weight) is weight
