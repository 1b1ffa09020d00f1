"""What Lightning changes for the whole process is put back."""

from __future__ import annotations

import os
import signal
import threading
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
    """Leave the environment, the handler of SIGTERM and torch's settings as they were.

    With a `LOCAL_RANK` of Lightning's, the next training of this process would take itself for one
    of several and wait for others that nobody starts; with `deterministic: true` or
    `benchmark: true` of this one it would compute in another way than alone. Lightning's handler,
    which stays after some failures, would let nobody end this process.

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
    terminate = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
        main = threading.current_thread() is threading.main_thread()
        if main and terminate is not None:  # None is one that Python did not set
            signal.signal(signal.SIGTERM, terminate)
