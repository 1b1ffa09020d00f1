"""Start the processes of a training on this machine and hear what they say."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue

from torch.multiprocessing.spawn import ProcessException, ProcessExitedException, start_processes

from phonograph.errors import Diagnostic, PhonographError
from phonograph.training.fit_result import FitResult
from phonograph.training.job import Job, train
from phonograph.training.orphans import end_with_parent

_PATIENCE = 0.1
"""Seconds between two looks at what the processes said."""

_LATER = 1.0
"""Seconds that an unknown error waits: where another process was killed, that one is the cause."""

_GRACE = 3.0
"""Seconds that the others have to end when one failed, then once more when they are asked to.

One that is stopped needs to be killed after that.
"""


@dataclass(frozen=True, slots=True)
class _Failure:
    kind: type[PhonographError]
    diagnostics: tuple[Diagnostic, ...]


_Message = str | FitResult | _Failure


def train_in_processes(job: Job, count: int, port: int, say: Callable[[str], None]) -> FitResult:
    """Train in several processes, each of which does its part of every epoch.

    They are started anew rather than forked, so that they work the same on every system.

    Args:
        job: what to train.
        count: processes to start on this machine.
        port: where they meet.
        say: told what they say.

    Raises:
        PhonographError: what the first process to fail raised.
        KeyboardInterrupt: all were stopped before they began.
    """
    messages: SimpleQueue[_Message] = get_context("spawn").SimpleQueue()
    listener = _Listener(messages, say)
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # we tell it ourselves
    with _leaving_interrupts_to_them():
        processes = start_processes(
            _part, args=(job, port, messages), nprocs=count, join=False, start_method="spawn"
        )
        assert processes is not None
        try:
            while not processes.join(_PATIENCE, grace_period=_GRACE):
                listener.listen()
        except ProcessException as error:
            listener.listen()
            raise listener.reason(error) from error
        except BaseException:  # nobody would hear them, nor hold the directory
            _end(processes.processes)
            raise
    listener.listen()
    if listener.result is None:
        raise KeyboardInterrupt
    return listener.result


class _Listener:
    def __init__(self, messages: SimpleQueue[_Message], say: Callable[[str], None]) -> None:
        self._messages = messages
        self._say = say
        self._failure: _Failure | None = None
        self.result: FitResult | None = None

    def listen(self) -> None:
        """Take in everything that was said so far."""
        while not self._messages.empty():
            match self._messages.get():
                case str(line):
                    self._say(line)
                case FitResult() as result:
                    self.result = result
                case _Failure() as failure:
                    self._failure = self._failure or failure

    def reason(self, error: ProcessException) -> Exception:
        """Say why a process ended early."""
        if self._failure is not None:
            return self._failure.kind(self._failure.diagnostics)
        if not isinstance(error, ProcessExitedException):
            return error
        return PhonographError(_ended(error.error_index, error.error_pid, error.exit_code))


def _end(processes: Sequence[BaseProcess]) -> None:
    """End processes, by force those that do not go when they are asked to."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(_GRACE)
        process.kill()
        process.join()


def _ended(rank: int, pid: int, code: int) -> Diagnostic:
    """Say how a process ended that said nothing itself; a signal has a negative code."""
    who = f"training process {rank} (process {pid})"
    if code >= 0:
        help = "a script that calls `fit` does so under `if __name__ == '__main__':`"
        return Diagnostic("PT007", f"{who} ended with code {code}", help=help)
    known = {number.value: number.name for number in signal.Signals}
    message = f"{who} was ended by signal {known.get(-code, -code)}"
    help = "see whether it needed too much memory; the same command goes on from the last state"
    return Diagnostic("PT007", message, help=help)


def _part(index: int, job: Job, port: int, messages: SimpleQueue[_Message]) -> None:
    """Be one of the processes."""
    end_with_parent()
    os.environ["LOCAL_RANK"] = str(index)
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ["MASTER_PORT"] = str(port)
    try:
        result = train(
            job, messages.put, lambda fault: messages.put(_Failure(PhonographError, (fault,)))
        )
    except PhonographError as error:
        messages.put(_Failure(type(error), error.diagnostics))
        sys.exit(1)
    except Exception:
        time.sleep(_LATER)
        raise
    if index == 0:
        messages.put(result)


@contextmanager
def _leaving_interrupts_to_them() -> Iterator[None]:
    """Ctrl-C reaches every process of the terminal; this one waits until the others are done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
