"""Programs that stay loaded and answer requests, one JSON line each; Python's own library only.

The driver of `bench_asr.py` starts one for each framework, each in its own environment, and lets
them take turns: a program that waits for its next line does nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NamedTuple

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Reply(NamedTuple):
    """What a request gave."""

    result: Any
    seconds: float  # of the call alone, taken where it ran
    peak_mib: float | None  # most memory of the process while it ran; None where nobody knows


class WorkerError(Exception):
    """A request failed in the other program; the message is what that program said."""


class Worker:
    """The driver's end.

    Args:
        name: what messages call it.
        command: the program, whose `serve` answers.
        threads: processor threads it may use.
        log: file for all that it prints.
    """

    def __init__(self, name: str, command: list[str], *, threads: int, log: Path) -> None:
        self.name = name
        self._log = log
        self._sink = log.open("ab")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._sink,
            env=environment(threads),
            encoding="utf-8",
        )

    def call(self, method: str, **arguments: Any) -> Reply:
        """Ask for one call and wait for its end.

        Raises:
            WorkerError: it failed, or the program ended.
        """
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise WorkerError(f"{self.name} has no pipes")
        try:
            process.stdin.write(json.dumps({"call": method, "with": arguments}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise WorkerError(f"{self.name} ended while asked for `{method}`; see {self._log}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self.name} failed at `{method}`: {answer['error']}")
        return Reply(**answer)

    def close(self) -> None:
        """Let the program end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._sink.close()

    def __enter__(self) -> Worker:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the program end."""
        self.close()


def environment(threads: int) -> dict[str, str]:
    """Return this process' environment with every kind of thread limited."""
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return {**os.environ, **limits}


def serve(worker: object) -> None:
    """Answer requests from standard input until it ends.

    Args:
        worker: its public methods are what can be called; they take and give plain data.
    """
    # What frameworks print goes to standard error: this end of the pipe is for answers alone.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        method = getattr(worker, request["call"])
        reset_peak()
        start = time.perf_counter()
        try:
            result = method(**request["with"])
        except Exception as error:  # noqa: BLE001 - whatever it is, the driver tells it
            traceback.print_exc()
            answer: dict[str, Any] = {"error": f"{type(error).__name__}: {error}"}
        else:
            seconds = time.perf_counter() - start
            answer = Reply(result, seconds, peak_mib())._asdict()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def reset_peak() -> None:
    """Forget how much memory this process used before, where the system can."""
    try:
        _RESET.write_text("5")
    except OSError:
        return


def peak_mib() -> float | None:
    """Return the most memory this process had at a time since `reset_peak`, where it is known."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) / 1024 if found else None
