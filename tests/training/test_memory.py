import subprocess
import sys

import pytest
import torch
from torch import nn

from phonograph.training.memory import KeptForBackward, bytes_of


def test_what_the_backward_pass_needs_is_counted_once_and_without_the_weights():
    linear, given = nn.Linear(8, 4), torch.randn(5, 8)
    with KeptForBackward(linear.parameters()) as kept:
        first = linear(given).tanh()  # keeps its input, and its output
        (first * first).sum()  # keeps the same output once more
    assert kept.bytes == 4 * (5 * 8 + 5 * 4)


def test_nothing_is_kept_without_gradients():
    linear = nn.Linear(8, 4)
    with torch.no_grad(), KeptForBackward(linear.parameters()) as kept:
        linear(torch.randn(5, 8)).tanh()
    assert kept.bytes == 0


def test_gradients_are_the_same_under_the_count():
    linear, given = nn.Linear(8, 4), torch.randn(5, 8)
    linear(given).tanh().sum().backward()
    plain = linear.weight.grad
    linear.zero_grad()
    with KeptForBackward(linear.parameters()):
        loss = linear(given).tanh().sum()
    loss.backward()
    assert plain is not None
    assert linear.weight.grad is not None
    assert linear.weight.grad is not None
    assert torch.equal(linear.weight.grad, plain)


PEAKS = """
import torch
from phonograph.training.memory import PeakMemory
for size in (1000, 25_000_000, 1000):
    with PeakMemory(torch.device("cpu")) as peak:
        torch.ones(size)
    print(peak.bytes)
"""


def test_the_peak_grows_with_what_is_held_and_is_forgotten():
    command = [sys.executable, "-c", PEAKS]  # where no other test has held memory before
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if "None" in done.stdout:
        pytest.skip("this system does not tell")
    little, much, again = map(int, done.stdout.split())
    assert much - little > 90_000_000
    assert much - again > 50_000_000


def test_bytes_follow_the_type():
    halves = torch.zeros(3, dtype=torch.float16)
    assert bytes_of([halves, torch.zeros(2, 2)]) == 6 + 16
