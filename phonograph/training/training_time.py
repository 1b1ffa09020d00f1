"""How long a training will take, from what a few of its batches took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phonograph.training.budget import Budget
from phonograph.training.pacing import epochs_between


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured or counted before training.

    Args:
        batches: batches of an epoch on one process, at least 1.
        epoch_seconds: for all of them.
        validation_seconds: for one validation; 0 where nothing is validated.
        prefix_seconds: to compute the frozen prefix once; 0 without one.
    """

    batches: int
    epoch_seconds: float
    validation_seconds: float = 0.0
    prefix_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of a whole training.

    Args:
        steps_per_epoch: steps of the optimizer.
        epoch_seconds: for one pass over the training data.
        validation_seconds: for one validation.
        prefix_seconds: for what is computed once.
        epochs: passes over the data until the budget is used up.
        steps: steps of the optimizer until then.
        validations: how often is validated.
        seconds: for all.
        ends_by: the setting that ends the training: `max_epochs`, `max_steps` or `max_time`.
    """

    steps_per_epoch: int
    epoch_seconds: float
    validation_seconds: float
    prefix_seconds: float
    epochs: float
    steps: int
    validations: int
    seconds: float
    ends_by: str


def estimate_time(measured: Measured, budget: Budget, trainer: Mapping[str, Any]) -> Estimate:
    """Estimate a training.

    Args:
        measured: what a few batches took.
        budget: when training ends; one of its limits is given.
        trainer: arguments of Lightning's Trainer; a limit of batches and the times of validation
            are heeded.

    >>> short = estimate_time(Measured(batches=100, epoch_seconds=20), Budget(epochs=3), {})
    >>> short.steps, short.seconds, short.ends_by
    (300, 60.0, 'max_epochs')
    """
    batches = _limited(measured.batches, trainer.get("limit_train_batches"))
    epoch = measured.epoch_seconds * batches / measured.batches
    steps = max(1, math.ceil(batches / trainer.get("accumulate_grad_batches", 1)))
    share = _limited(1000, trainer.get("limit_val_batches")) / 1000
    validation = measured.validation_seconds * share
    between = _epochs_between(validation, epoch, batches, trainer) if validation else math.inf
    limits = {
        "max_epochs": math.inf if budget.epochs is None else float(budget.epochs),
        "max_steps": math.inf if budget.steps is None else budget.steps / steps,
        "max_time": _epochs_within(budget.seconds, epoch + validation / between),
    }
    ends_by = min(limits, key=lambda name: limits[name])
    epochs = limits[ends_by]
    validations = max(1, math.ceil(epochs / between)) if validation else 0
    seconds = epochs * epoch + validations * validation
    if budget.seconds is not None and ends_by == "max_time":
        seconds = budget.seconds
    return Estimate(
        steps_per_epoch=steps,
        epoch_seconds=epoch,
        validation_seconds=validation,
        prefix_seconds=measured.prefix_seconds,
        epochs=epochs,
        steps=round(epochs * steps),
        validations=validations,
        seconds=measured.prefix_seconds + seconds,
        ends_by=ends_by,
    )


def _epochs_between(
    validation: float, epoch: float, batches: int, trainer: Mapping[str, Any]
) -> float:
    """Return after how many epochs is validated, as Lightning or our pacing will."""
    interval, every = trainer.get("val_check_interval"), trainer.get("check_val_every_n_epoch")
    if isinstance(interval, int) and interval:
        return interval / batches
    if isinstance(interval, float) and interval:
        return interval * (every or 1)
    return every or epochs_between(validation, epoch)


def _epochs_within(seconds: float | None, epoch: float) -> float:
    return math.inf if seconds is None else seconds / max(epoch, 1e-9)


def _limited(batches: int, limit: float | None) -> int:
    """Apply a limit as Lightning reads it: a number of batches, or a share of them."""
    if limit is None:
        return batches
    return max(1, min(batches, limit if isinstance(limit, int) else int(batches * limit)))
