"""A process that was started to do its part ends when the one that started it is gone."""

from __future__ import annotations

import os
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """End this process at once when the one that started it ends, even by a signal.

    Left alone it would go on to write into a run directory that nobody holds any more. Only
    processes that Python's multiprocessing started have such a parent; others are left alone.

    >>> end_with_parent()
    """
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # no cleaning up: another training may be at work there by now
