"""Validate so often that it takes a tenth of the time."""

from __future__ import annotations

import math
import time
from typing import Any

import pytorch_lightning as pl

_SHARE = 0.1


class Pacing(pl.Callback):
    """Spaces out validations where epochs are short: with a cached prefix one may take a second.

    Only for trainings whose settings do not say when to validate.
    """

    def __init__(self) -> None:
        self._mark = time.monotonic()
        self._training = 0.0
        self._epochs = 0
        self._chosen = 1

    def state_dict(self) -> dict[str, Any]:
        """Return what was measured and chosen so far."""
        return {"training": self._training, "epochs": self._epochs, "chosen": self._chosen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what was measured and chosen."""
        self._training, self._epochs = state_dict["training"], state_dict["epochs"]
        self._chosen = state_dict["chosen"]

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Go on as it was chosen."""
        trainer.check_val_every_n_epoch = self._chosen

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start to measure an epoch."""
        self._mark = time.monotonic()

    def on_validation_start(self, *_: Any) -> None:
        """End the epoch's measure and start that of the validation."""
        self._training += time.monotonic() - self._mark
        self._epochs += 1
        self._mark = time.monotonic()

    def on_validation_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Choose after how many epochs to validate again, the same on every process."""
        validation = time.monotonic() - self._mark
        epoch = self._training / max(1, self._epochs)
        self._chosen = trainer.strategy.broadcast(epochs_between(validation, epoch))
        trainer.check_val_every_n_epoch = self._chosen


def epochs_between(validation: float, epoch: float) -> int:
    """Return after how many epochs to validate.

    Args:
        validation: seconds that a validation takes.
        epoch: seconds that an epoch of training takes.

    >>> epochs_between(1.0, 90.0), epochs_between(1.0, 2.0)
    (1, 5)
    """
    return max(1, math.ceil(validation * (1 - _SHARE) / _SHARE / max(epoch, 1e-6)))
