"""Batches computed side by side on a processor, each with threads of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_MOST = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


def batches_at_once(device: torch.device) -> int:
    """Return how many batches to compute at once, so that threads seldom wait for each other."""
    return min(torch.get_num_threads(), _MOST) if device.type == "cpu" else 1


def side_by_side(
    work: Callable[[Item], Result], items: Sequence[Item], at_once: int
) -> list[Result]:
    """Do work for each item, several at a time, and share PyTorch's threads among them.

    Args:
        work: what is done; it must not change what others use.
        items: what it is done for.
        at_once: how many at a time, at least 1.

    Returns:
        the results, in order.

    >>> side_by_side(lambda size: torch.ones(size).sum().item(), [3, 5], at_once=2)
    [3.0, 5.0]
    """
    at_once = min(at_once, len(items))
    if at_once <= 1:
        return [work(item) for item in items]
    threads = torch.get_num_threads()
    each = max(1, threads // at_once)
    try:
        with ThreadPoolExecutor(at_once, "batch", torch.set_num_threads, (each,)) as pool:
            return list(pool.map(work, items))
    finally:
        torch.set_num_threads(threads)
