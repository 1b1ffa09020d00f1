"""Keep the best and the last weights as bundles, and the state from which training can go on."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext, suppress
from typing import Any

import pytorch_lightning as pl

from phonograph.graphs.bundle import read_notes, save_bundle
from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.moving_average import MovingAverage
from phonograph.training.report.heard import write_heard
from phonograph.training.run_directory import RunDirectory
from phonograph.training.sharding import is_sharded, made_whole, own_part

_PAUSE = 30.0
"""Seconds between two savings, in a process that has trained for a while."""

_SHARE = 0.05
"""The largest share of the time that saving may take, in such a process."""


class Checkpoints(pl.Callback):
    """Saves the best weights after validation, the last and the whole state now and then.

    A state is saved between two steps of the optimizer, when all that follows from the one before,
    validation included, is done. A process that has just begun saves more often, the first time
    after its first step: killed again and again, a training gets on as long as each process lives
    for one step. Files are written by the first process.

    Args:
        run: where the bundles go.
        monitor: the score that chooses the best, lower is better; None keeps only the last.
        average: its average is saved instead of the training weights; None where there is none.

    Attributes:
        best_value: the lowest score so far, infinite before the first.
        validated: the step of the last validation, or -1.
    """

    def __init__(
        self, run: RunDirectory, monitor: str | None, average: MovingAverage | None = None
    ) -> None:
        self._run = run
        self._average = average
        self._monitor = monitor
        self._started = self._saved = time.monotonic()
        self._cost = 0.0
        self._begun_at = -1
        self.best_value = math.inf
        self.validated = -1

    def state_dict(self) -> dict[str, Any]:
        """Return what is known of the best so far."""
        return {"best_value": self.best_value, "validated": self.validated}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what was known of the best."""
        self.best_value, self.validated = state_dict["best_value"], state_dict["validated"]

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Start the clock; the state that a training goes on from needs no saving.

        The best bundle may be better than that state knows: an average that was made in the end.
        """
        if trainer.is_global_zero and self._run.best.exists():
            told = read_notes(self._run.best).get("scores", {}).get(self._monitor, math.inf)
            self.best_value = min(self.best_value, told if math.isfinite(told) else math.inf)
        if trainer.world_size > 1:
            self.best_value = trainer.strategy.broadcast(self.best_value)
        self._started = self._saved = time.monotonic()
        self._begun_at = trainer.global_step or -1

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Save the state and the last weights now and then."""
        if batch_idx % trainer.accumulate_grad_batches == 0 and self._is_due(trainer):
            begun = time.monotonic()
            if trainer.strategy.reduce_boolean_decision(_finite(pl_module), all=True):
                self.save_state(trainer)
                if trainer.global_step > 0:
                    self.save_last(trainer, pl_module)
            self._saved = time.monotonic()
            self._cost = self._saved - begun

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        """Save what was learnt before a training fails."""
        # A batch that is not finite spoils running statistics before its loss is known.
        # Divided weights are whole in nobody's hands, and the others may be elsewhere.
        whole = not is_sharded(pl_module)
        if whole and trainer.global_step > 0 and _finite(pl_module):
            with suppress(OSError):  # a full disk may be what the training fails of
                self.save_last(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the weights if they are the best so far."""
        assert isinstance(pl_module, LightningGraph)
        self.validated = trainer.global_step
        value = pl_module.scores.get(self._monitor or "", math.inf)
        if trainer.world_size > 1:  # saving takes all processes, so they decide alike
            value = trainer.strategy.broadcast(value)
        if value < self.best_value:
            self.best_value = value
            self._save(trainer, pl_module, best=True)
        if trainer.world_size > 1:  # nobody begins a batch and waits for the one that saves
            trainer.strategy.barrier()

    def save_state(self, trainer: pl.Trainer) -> None:
        """Save all that it takes to go on."""
        trainer.save_checkpoint(self._run.state)

    def save_last(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Save the weights as they are; without any score they are the best as well."""
        assert isinstance(module, LightningGraph)
        self._save(trainer, module, best=False)
        if math.isinf(self.best_value):
            self._save(trainer, module, best=True)

    def _is_due(self, trainer: pl.Trainer) -> bool:
        """Decide whether to save, the same on every process."""
        now = time.monotonic()
        pause = pause_after(now - self._started, self._cost)
        moved = trainer.global_step != self._begun_at
        due = trainer.is_global_zero and moved and now - self._saved > pause
        if trainer.world_size == 1:
            return due
        return trainer.strategy.reduce_boolean_decision(due, all=False)

    def _save(self, trainer: pl.Trainer, module: LightningGraph, *, best: bool) -> None:
        first = trainer.is_global_zero
        if not first and not is_sharded(module):
            return
        notes = {
            "step": trainer.global_step,
            "epoch": round(module.epochs_done, 4),
            "scores": dict(module.scores),
            "seed": module.around.settings.seed,
        }
        if first and best and module.heard:
            write_heard(self._run.heard, module.heard)  # before the bundle that has its score
        with self._average.applied(module) if self._average else nullcontext():
            weights = made_whole(module.modules_by_node.state_dict(), keep=first)
            if first:
                file = self._run.best if best else self._run.last
                save_bundle(file, module.graph, weights, notes)


def pause_after(lived: float, cost: float) -> float:
    """Return how many seconds may pass between two savings.

    A process that is killed loses half of what it did at most, but for the time that a saving
    takes; in the long run saving takes `_SHARE` of the time at most.

    Args:
        lived: seconds that this process has trained.
        cost: seconds that the last saving took.

    >>> pause_after(1.0, 0.01), pause_after(600.0, 0.1), pause_after(600.0, 3.0)
    (0.5, 30.0, 60.0)
    >>> pause_after(2.0, 3.0), pause_after(10.0, 3.0)
    (3.0, 5.0)
    """
    return max(min(max(_PAUSE, cost / _SHARE), lived / 2), cost)


def _finite(module: pl.LightningModule) -> bool:
    assert isinstance(module, LightningGraph)
    weights = module.modules_by_node.state_dict().values()
    return all(bool(own_part(value).isfinite().all()) for value in weights)
