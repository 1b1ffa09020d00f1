"""Where a training stands between two batches, and how Lightning is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a training stands: all before the next batch is done, validations included.

    Args:
        batches: that were trained on, by all processes together.
        per_epoch: batches of an epoch, of all processes together.
        processes: for how many the batches were dealt.
        step: steps of the optimizer.
        seconds: time that was spent on training.
    """

    batches: int
    per_epoch: int
    processes: int
    step: int
    seconds: float

    @property
    def epoch(self) -> int:
        """Epochs that are over."""
        return self.batches // self.per_epoch

    @property
    def batch(self) -> int:
        """Batches of the epoch that was begun."""
        return self.batches % self.per_epoch


def loops_at(position: Position, processes: int) -> dict[str, Any]:
    """Return the counters of Lightning's loops with which each of so many processes goes on.

    In the middle of an epoch Lightning wants the last batch as its own checkpoints have it:
    processed, but not yet counted as completed.

    Args:
        position: where the training stands.
        processes: that train now; they divide the batches that are done.
    """
    done, batch = position.epoch, position.batch // processes
    begun = int(batch > 0)
    epochs = {"ready": done + begun, "started": done + begun, "processed": done, "completed": done}
    optimized = dict.fromkeys(("ready", "started", "completed"), position.step)
    stepped = dict.fromkeys(("ready", "completed"), position.step)
    return {
        "fit_loop": {
            "epoch_progress": _progress(epochs, epochs),
            "epoch_loop.batch_progress": {
                **_progress(_counts(position.batches // processes, begun), _counts(batch, begun)),
                "is_last_batch": False,
            },
            "epoch_loop.automatic_optimization.optim_progress": {
                "optimizer": {
                    "step": _progress(stepped, stepped),
                    "zero_grad": _progress(optimized, optimized),
                }
            },
        }
    }


def _counts(number: int, uncounted: int) -> dict[str, int]:
    counts = dict.fromkeys(("ready", "started", "processed"), number)
    return {**counts, "completed": number - uncounted}


def _progress(total: Mapping[str, int], current: Mapping[str, int]) -> dict[str, Any]:
    return {"total": dict(total), "current": dict(current)}
