"""The group of processes that Lightning makes and leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch.distributed import destroy_process_group, is_initialized


@contextmanager
def group_of_processes(world: int) -> Iterator[None]:
    """End the group of processes that is made within.

    A group that is left alone has threads, which abort a process that ends before them. After a
    failure the others may not be there to end it with, so that only a group of one is ended.

    Args:
        world: processes that train, at least 1.

    >>> with group_of_processes(1):
    ...     pass
    """
    before, done = is_initialized(), False
    try:
        yield
        done = True
    finally:
        if is_initialized() and not before and (done or world == 1):
            destroy_process_group()
