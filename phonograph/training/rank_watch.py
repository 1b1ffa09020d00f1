"""A process that dies or hangs ends the others, which tell its name."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from phonograph.errors import Diagnostic
from phonograph.training.heartbeat import Beat, Vigil, end_beats, read_beats, write_beat

LIMIT = 40.0
"""Seconds without a sign of life, or behind the others, after which a process is given up."""

VARIABLE = "PHONOGRAPH_RANK_TIMEOUT"
"""Names the environment variable with another limit, in seconds; 0 watches nothing."""

_LOOKS = 20
"""Looks in the time of the limit."""


class RankWatch(pl.Callback):
    """Beats for this process and watches the others, while several train together.

    A thread does both, since a process that waits for another one in a collective operation can do
    nothing else. The beats are files of the run directory, which all processes share.

    Args:
        folder: for the files with the beats.
        alarm: told what is wrong before this process ends.
        limit: seconds; None takes the environment's, or `LIMIT`.
    """

    def __init__(
        self, folder: Path, alarm: Callable[[Diagnostic], None], limit: float | None = None
    ) -> None:
        self._folder = folder
        self._alarm = alarm
        self._limit = limit_of(os.environ.get(VARIABLE)) if limit is None else limit
        self._beat = Beat(host=socket.gethostname(), pid=os.getpid())
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Begin to watch, where there is anybody to watch."""
        if trainer.world_size == 1 or self._limit <= 0:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            write_beat(self._folder, trainer.global_rank, self._beat)
        trainer.strategy.barrier()  # from here on no beat is of an earlier training
        arguments = (trainer.global_rank, trainer.world_size)
        self._thread = threading.Thread(target=self._watch, args=arguments, daemon=True)
        self._thread.start()

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Note that this process goes on."""
        self._beat = replace(self._beat, begun=self._beat.begun + 1, step=trainer.global_step)

    def on_validation_batch_start(self, *_: Any) -> None:
        """Note that this process goes on."""
        self._beat = replace(self._beat, begun=self._beat.begun + 1)

    def close(self) -> None:
        """Watch no longer."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, rank: int, world: int) -> None:
        vigil, count = Vigil(rank=rank, limit=self._limit), 0
        while not self._done.wait(self._limit / _LOOKS):
            count += 1
            beat = replace(self._beat, count=count)
            with suppress(OSError):  # a disk that is full is told by those who need it
                write_beat(self._folder, rank, beat)
            beats = {**read_beats(self._folder, world), rank: beat}
            fault = vigil.look(beats, time.monotonic())
            if fault is not None and not self._done.is_set():
                end_beats(self._folder, rank)
                self._alarm(fault)
                os._exit(1)  # the main thread waits where no exception reaches it
        end_beats(self._folder, rank)


def limit_of(text: str | None) -> float:
    """Read the limit from the environment; what is no number is the usual limit.

    >>> limit_of("90"), limit_of(None)
    (90.0, 40.0)
    """
    try:
        return float(text or LIMIT)
    except ValueError:
        return LIMIT
