"""Write what training measures: JSON lines and TensorBoard events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
from torch.utils.tensorboard.writer import SummaryWriter

from phonograph.collections.asr.word_errors import aligned_text
from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.run_directory import RunDirectory
from phonograph.training.sample_audio import sounds_of
from phonograph.training.samples import samples

_SAMPLES = 4
"""Utterances that TensorBoard shows."""


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
        self._heard = False

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
        if self._events is not None:
            self._show_samples(self._events, trainer.global_step, pl_module)

    def close(self) -> None:
        """Write out what waits to be written."""
        if self._events is not None:
            self._events.close()

    def _show_samples(self, events: SummaryWriter, step: int, module: LightningGraph) -> None:
        chosen = samples(module.heard, _SAMPLES)
        for number, one in enumerate(chosen, 1):
            # TensorBoard reads Markdown: what is indented by four is shown as it is
            lines = f"{one.id}\n{aligned_text(one.reference, one.hypothesis)}".splitlines()
            text = "\n".join(f"    {line}" for line in lines)
            events.add_text(f"heard/{number}", text, step)
        validation = module.splits[1]
        if not self._heard and validation is not None:
            self._heard = True
            ids = [one.id for one in chosen]
            for sound in sounds_of(module.graph, validation.name, ids):
                name = f"heard/{ids.index(sound.id) + 1}"
                events.add_audio(name, sound.mono[None], step, sample_rate=sound.rate)

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
