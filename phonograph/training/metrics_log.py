"""Write what training measures: JSON lines and TensorBoard events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
from torch.utils.tensorboard.writer import SummaryWriter

from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.run_directory import RunDirectory


class MetricsLog(pl.Callback):
    """Logs every so many steps, and every validation, on the first process.

    Args:
        run: where the files go.
        every: steps from one line to the next; 0 logs validations only.
    """

    def __init__(self, run: RunDirectory, every: int) -> None:
        self._run = run
        self._every = every
        self._events: SummaryWriter | None = None
        self._logged = -1

    def state_dict(self) -> dict[str, Any]:
        """Return the last step that was logged."""
        return {"logged": self._logged}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the last step that was logged."""
        self._logged = state_dict["logged"]

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Log a step of the optimizer."""
        assert isinstance(pl_module, LightningGraph)
        step = trainer.global_step
        if step == self._logged or not self._every or step % self._every:
            return
        self._logged = step
        measured = {"loss": float(pl_module.last_loss), "lr": pl_module.learning_rate}
        self._write(trainer, pl_module, "train", measured)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the scores."""
        assert isinstance(pl_module, LightningGraph)
        self._write(trainer, pl_module, "validation", pl_module.scores)

    def close(self) -> None:
        """Write out what waits to be written."""
        if self._events is not None:
            self._events.close()

    def _write(
        self,
        trainer: pl.Trainer,
        module: LightningGraph,
        split: str,
        measured: Mapping[str, float],
    ) -> None:
        if not trainer.is_global_zero:
            return
        step = trainer.global_step
        line = {
            "step": step,
            "epoch": round(module.epochs_done, 4),
            "seconds": round(module.seconds, 3),
            **{f"{split}/{name}": value for name, value in measured.items()},
        }
        with self._run.metrics.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        if self._events is None:
            # what was written after the state that training goes on from is not shown
            self._events = SummaryWriter(str(self._run.tensorboard), purge_step=step)
        for name, value in measured.items():
            self._events.add_scalar(f"{split}/{name}", value, step)
