import subprocess
import sys

import pytest
import torch

from phonograph.training.memory import bytes_of

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
