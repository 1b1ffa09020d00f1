"""The group of processes that Lightning makes and leaves behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from torch.distributed import destroy_process_group, is_initialized

_VARIABLES = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE")
"""Environment variables that Lightning sets so that processes find each other."""


@contextmanager
def group_of_processes(world: int) -> Iterator[None]:
    """End the group of processes that is made within, and forget where it met.

    A group that is left alone has threads, which abort a process that ends before them. After a
    failure the others may not be there to end it with, so that only a group of one is ended.

    The environment is afterwards what it was: with a `LOCAL_RANK` of Lightning's, the next training
    of this process would take itself for one of several, and wait for others that nobody starts.

    Args:
        world: processes that train, at least 1.

    >>> with group_of_processes(1):
    ...     os.environ["LOCAL_RANK"] = "0"
    >>> "LOCAL_RANK" in os.environ
    False
    """
    existed, done = is_initialized(), False
    environment = {name: os.environ.get(name) for name in _VARIABLES}
    try:
        yield
        done = True
    finally:
        _restore(environment)
        if is_initialized() and not existed and (done or world == 1):
            destroy_process_group()


def _restore(environment: dict[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
