"""Measuring memory: what a process held at most, and what tensors take."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_CLEAR_PEAK = "5"  # proc_pid_clear_refs(5)


class PeakMemory:
    """Measures the most memory held inside a `with`: of a graphics processor, else of the process.

    Args:
        device: where is computed.

    Attributes:
        bytes: the most that was held; None where the system does not tell.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.bytes: int | None = None

    def __enter__(self) -> Self:
        """Forget what was held before."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            with suppress(OSError):
                _CLEAR.write_text(_CLEAR_PEAK, encoding="ascii")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the measure."""
        on_gpu = self._device.type == "cuda"
        self.bytes = torch.cuda.max_memory_allocated(self._device) if on_gpu else _most_resident()


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Return how much tensors take together.

    >>> bytes_of([torch.zeros(3), torch.zeros(2, dtype=torch.int64)])
    28
    """
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _most_resident() -> int | None:
    """Return the most physical memory this process held since its peak was forgotten."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
