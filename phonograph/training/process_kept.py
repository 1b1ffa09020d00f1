"""What Lightning changes for the whole process is put back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_VARIABLES = (
    "MASTER_ADDR",
    "MASTER_PORT",
    "NODE_RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "CUBLAS_WORKSPACE_CONFIG",
)


@contextmanager
def process_kept() -> Iterator[None]:
    """Leave the environment and torch's settings as they were.

    With a `LOCAL_RANK` of Lightning's, the next training of this process would take itself for one
    of several and wait for others that nobody starts; with `deterministic: true` or
    `benchmark: true` of this one it would compute in another way than alone.

    >>> with process_kept():
    ...     os.environ["LOCAL_RANK"] = "0"
    ...     torch.use_deterministic_algorithms(True)
    >>> "LOCAL_RANK" in os.environ, torch.are_deterministic_algorithms_enabled()
    (False, False)
    """
    environment = {name: os.environ.get(name) for name in _VARIABLES}
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
