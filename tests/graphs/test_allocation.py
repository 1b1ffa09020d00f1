"""Keeping freed memory; measured in processes of its own, for it concerns a whole one."""

import ctypes
import resource
import subprocess
import sys

import pytest

from phonograph.graphs import allocation

PROGRAM = """
import resource, sys
from phonograph.graphs.allocation import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
bytearray(1 << 26)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    bytearray(1 << 26)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def cleared_pages(how: str) -> int:
    """Count the pages that the system gave to a process for four blocks, one after another."""
    run = [sys.executable, "-c", PROGRAM, how]
    return int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library")
def test_a_freed_block_serves_again():
    block = (1 << 26) // resource.getpagesize()
    assert cleared_pages("keep") < block <= cleared_pages("give back")


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not allocation.keep_freed_memory()
