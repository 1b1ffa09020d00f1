"""When training ends: after so many steps, epochs or seconds, whichever comes first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

_CLOCK = re.compile(r"(\d{1,20}):(\d\d):(\d\d):(\d\d)")
_UNITS = ("days", "hours", "minutes", "seconds")


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of a training; None where there is none.

    Args:
        steps: steps of the optimizer, at least 1.
        epochs: passes over the training data, at least 1.
        seconds: wall-clock time, above 0.
    """

    steps: int | None = None
    epochs: int | None = None
    seconds: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing would ever end the training."""
        return self.steps is None and self.epochs is None and self.seconds is None

    def progress(self, *, steps: int, epochs: float, seconds: float) -> float:
        """Return how much of the budget is used up, in [0, 1].

        Args:
            steps: steps of the optimizer done.
            epochs: passes over the data done, with their fraction.
            seconds: time gone by.

        >>> Budget(steps=100, epochs=2).progress(steps=10, epochs=0.5, seconds=9)
        0.25
        """
        limits = ((steps, self.steps), (epochs, self.epochs), (seconds, self.seconds))
        return min(1.0, max((used / limit for used, limit in limits if limit), default=0.0))


def read_budget(trainer: Mapping[str, Any]) -> Budget:
    """Read the budget off the arguments of Lightning's Trainer.

    Raises:
        ValueError: `max_time` cannot be read.

    >>> read_budget({"max_time": "00:00:02:30", "max_steps": -1})
    Budget(steps=None, epochs=None, seconds=150.0)
    """
    time = trainer.get("max_time")
    return Budget(
        steps=_limit(trainer.get("max_steps")),
        epochs=_limit(trainer.get("max_epochs")),
        seconds=None if time is None else _seconds(time),
    )


def _limit(value: int | None) -> int | None:
    return None if value is None or value < 0 else value


def _seconds(value: object) -> float:
    clock = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if clock is not None:
        value = dict(zip(_UNITS, map(int, clock.groups()), strict=True))
    if not isinstance(value, dict):
        raise ValueError('wants days:hours:minutes:seconds, such as "00:00:02:30"')
    try:
        time = timedelta(**value)
    except TypeError:
        raise ValueError("wants names such as `minutes` and `seconds` with numbers") from None
    except OverflowError:
        raise ValueError("wants fewer days") from None
    if time <= timedelta():
        raise ValueError("wants a time above 0")
    return time.total_seconds()
