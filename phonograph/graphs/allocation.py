"""Memory that a process keeps for its next batch."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of glibc's mallopt(3)
_LARGEST_KEPT = 1 << 30
_MOST_KEPT = (1 << 31) - 1
_STEP = 1 << 26


def keep_freed_memory() -> bool:
    """Let this process use freed memory again instead of giving it back to the system at once.

    A network's activations are large, and soon freed. By default glibc returns such blocks and asks
    for new ones, which the system clears page by page: up to half the time of an inference on a
    processor. At most 2 GiB are kept; the most a process ever holds stays about the same. It
    concerns the whole process, so programs call this, not libraries.

    Returns:
        whether the C library is one that can do so.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False  # another system's C library
    wanted = {_MMAP_THRESHOLD: _LARGEST_KEPT, _TRIM_THRESHOLD: _MOST_KEPT, _TOP_PAD: _STEP}
    return sum(mallopt(name, value) for name, value in wanted.items()) == len(wanted)
