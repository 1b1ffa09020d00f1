"""Keeping freed memory; measured in processes of its own, for it concerns a whole one."""

import ctypes
import subprocess
import sys

import pytest

from phonograph.graphs import allocation

PROGRAM = """
import resource, sys, torch
from phonograph.graphs.allocation import keep_freed_memory
kept = sys.argv[1] == "keep" and keep_freed_memory()
faults = []
for _ in range(3):
    torch.ones(1 << 24).sum()  # 64 MiB
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[2] - faults[1])
"""


def faults_of_a_block(how: str) -> int:
    run = [sys.executable, "-c", PROGRAM, how]
    return int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library")
def test_a_block_is_cleared_by_the_system_once():
    assert faults_of_a_block("keep") < 100 < faults_of_a_block("give back")


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocation.ctypes, "CDLL", lambda _: object())
    assert not allocation.keep_freed_memory()
