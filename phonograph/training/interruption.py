"""Ctrl-C ends a training after the step at hand, with everything saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytorch_lightning as pl


class Interruption(pl.Callback):
    """Turns the first Ctrl-C into a clean end; the second one ends at once.

    Args:
        say: told that training is about to stop.

    Attributes:
        happened: whether training was stopped this way.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._asked = False
        self.happened = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for Ctrl-C, where this thread may."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Stop in the middle of an epoch, without a validation.

        Between the batches of one step their gradients would be lost.
        """
        stepped = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
        if stepped and not trainer.is_last_batch and self._stopped(trainer):
            trainer.limit_val_batches = 0

    def on_train_epoch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Stop after an epoch and its validation, which would be missing later on."""
        self._stopped(trainer)

    def _stopped(self, trainer: pl.Trainer) -> bool:
        """Stop all processes at the same step if one of them was asked to."""
        asked = self._asked
        if trainer.world_size > 1:
            asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
        if asked and not self.happened:
            self.happened = True
            if trainer.is_global_zero:
                self._say("stopped by Ctrl-C; saving the state (again to stop at once)")
            trainer.should_stop = True
        return asked

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            signal.default_int_handler(number, frame)
        self._asked = True
