"""Keep the best and the last weights as bundles."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from typing import Any

import pytorch_lightning as pl

from phonograph.graphs.bundle import save_bundle
from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.moving_average import MovingAverage
from phonograph.training.run_directory import RunDirectory

_PAUSE = 30.0
"""Seconds between two savings of the last weights; they are saved at the end, too."""


class Checkpoints(pl.Callback):
    """Saves the best weights after validation and the last now and then, on the first process.

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
        self._saved = time.monotonic()
        self.best_value = math.inf
        self.validated = -1

    def on_train_start(self, *_: Any) -> None:
        """Start the clock."""
        self._saved = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Save the last weights now and then."""
        if time.monotonic() - self._saved > _PAUSE:
            self._save_if_finite(trainer, pl_module)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        """Save what was learnt before a training fails."""
        if trainer.global_step > 0:
            self._save_if_finite(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the weights if they are the best so far."""
        assert isinstance(pl_module, LightningGraph)
        self.validated = trainer.global_step
        value = pl_module.scores.get(self._monitor or "", math.inf)
        if value < self.best_value:
            self.best_value = value
            self._save(trainer, pl_module, best=True)

    def save_last(self, trainer: pl.Trainer, module: LightningGraph) -> None:
        """Save the weights as they are; without any score they are the best as well."""
        self._saved = time.monotonic()
        self._save(trainer, module, best=False)
        if math.isinf(self.best_value):
            self._save(trainer, module, best=True)

    def _save_if_finite(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, LightningGraph)
        self._saved = time.monotonic()
        # A batch that is not finite spoils running statistics before its loss is known.
        if all(value.isfinite().all() for value in module.modules_by_node.state_dict().values()):
            self.save_last(trainer, module)

    def _save(self, trainer: pl.Trainer, module: LightningGraph, *, best: bool) -> None:
        if not trainer.is_global_zero:
            return
        notes = {
            "step": trainer.global_step,
            "epoch": round(module.epochs_done, 4),
            "scores": {name: round(value, 6) for name, value in module.scores.items()},
            "seed": module.around.settings.seed,
        }
        with self._average.applied(module) if self._average else nullcontext():
            weights = module.modules_by_node.state_dict()
            save_bundle(self._run.best if best else self._run.last, module.graph, weights, notes)
