"""How training goes: a bar on a terminal, a line for each validation elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.samples import sample_lines

_PAUSE = 0.1
"""Seconds between two changes of the bar."""


class ProgressReport(pl.Callback):
    """Shows epoch, step, loss, scores, speed and time left, on the first process.

    Args:
        say: takes a line for each validation where there is no terminal.
        console: where the bar is drawn; standard error when left out.
    """

    def __init__(self, say: Callable[[str], None], console: Console | None = None) -> None:
        self._say = say
        self._console = console or Console(stderr=True)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._shown = 0.0

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Draw the bar."""
        if not trainer.is_global_zero or not self._console.is_terminal:
            return
        self._bar = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:3.0f} %"),
            TextColumn("{task.fields[state]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("training", total=1.0, state="starting")
        self._bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Move the bar."""
        assert isinstance(pl_module, LightningGraph)
        done = pl_module.progress() if self._wants_progress(trainer) else 0.0
        now = time.monotonic()
        if self._bar is None or now - self._shown < _PAUSE:
            return
        self._shown = now
        self._bar.update(self._task, completed=done, state=self._state(trainer, pl_module, done))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say what was measured."""
        assert isinstance(pl_module, LightningGraph)
        if trainer.is_global_zero and self._bar is None:
            where = f"epoch {pl_module.epochs_done:.3g}, step {trainer.global_step}"
            self._say(f"{where}: {scores_line(pl_module)}, {pl_module.seconds:.1f} s")
            for line in sample_lines(pl_module.heard):
                self._say(line)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    @staticmethod
    def _state(trainer: pl.Trainer, module: LightningGraph, done: float) -> str:
        return "\n".join([state_line(trainer, module, done), *sample_lines(module.heard)])

    def _wants_progress(self, trainer: pl.Trainer) -> bool:
        # With several processes, progress is agreed on by all, so all have to ask.
        return self._bar is not None or trainer.world_size > 1


def state_line(trainer: pl.Trainer, module: LightningGraph, done: float) -> str:
    """Describe the state of a training in one line.

    Args:
        trainer: Lightning's trainer.
        module: what it trains.
        done: how much of the budget is used up, in [0, 1].
    """
    seconds = max(module.seconds, 1e-9)
    heard = module.audio_seconds / seconds
    left = f"{timedelta(seconds=round(seconds * (1 - done) / done))} left" if done else ""
    where = f"epoch {module.epochs_done:.1f} step {trainer.global_step}"
    return f"{where}  {scores_line(module)}  {heard:.0f} s/s  {left}"


def scores_line(module: LightningGraph) -> str:
    """Write the loss in training and the last scores, rates in percent."""
    rates = {name: value for name, value in module.scores.items() if name != "loss"}
    parts = [f"loss {float(module.last_loss):.3f}"]
    if "loss" in module.scores:
        parts.append(f"validation loss {module.scores['loss']:.3f}")
    parts += [f"{name} {100 * value:.1f} %" for name, value in rates.items()]
    return ", ".join(parts)
