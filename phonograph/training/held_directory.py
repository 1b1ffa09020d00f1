"""A run directory belongs to one training at a time, and says so when it cannot be written."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from phonograph.errors import Diagnostic, PhonographError, Place

_HELP = {
    errno.ENOSPC: "free some space and give the same command: it goes on from the last state",
    errno.EDQUOT: "free some space and give the same command: it goes on from the last state",
    errno.EROFS: "choose another folder: --run DIR",
    errno.EACCES: "choose another folder: --run DIR",
    errno.EPERM: "choose another folder: --run DIR",
    errno.EIO: "look after the disk; give the same command to go on from the last state",
}
"""Faults of a disk or a folder, and what to do about them."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a run directory, so that no second training writes into it.

    The system lets go of it when this process ends, however it ends.

    Args:
        path: the folder, which exists.

    Raises:
        PhonographError: another process holds it.
    """
    holder = path / ".holder"
    try:
        lock = FileLock(path / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise PhonographError(_taken(path, holder)) from None
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        # the file stays: whoever deletes it may delete one that another process holds by now
        lock.release()


def _taken(path: Path, holder: Path) -> Diagnostic:
    by = ""
    with suppress(OSError):
        by = f" ({holder.read_text(encoding='utf-8')})"
    message = f"another training{by} is at work in this directory"
    help = "wait for it, or train into another: --run DIR"
    return Diagnostic("PT014", message, Place(str(path)), help=help)


@contextmanager
def telling_of_disks(path: Path) -> Iterator[None]:
    """Turn what a disk or a folder refuses into an error for people.

    Threads that write, as TensorBoard's does, hand their error on and print nothing.

    Args:
        path: the run directory, for errors that name no file.

    Raises:
        PhonographError: in place of the system's error.
    """
    try:
        with _threads_quiet_about_disks():
            yield
    except OSError as error:
        if error.errno not in _HELP:
            raise
        reason = os.strerror(error.errno).lower()
        place = Place(str(error.filename or path))
        message = f"this cannot be written: {reason}"
        fault = Diagnostic("PT011", message, place, help=_HELP[error.errno])
        raise PhonographError(fault) from None


@contextmanager
def _threads_quiet_about_disks() -> Iterator[None]:
    before = threading.excepthook

    def tell(failed: threading.ExceptHookArgs) -> None:
        if not (isinstance(failed.exc_value, OSError) and failed.exc_value.errno in _HELP):
            before(failed)

    threading.excepthook = tell
    try:
        yield
    finally:
        threading.excepthook = before
