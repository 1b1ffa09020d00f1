"""What a training gave, and the file that says so."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from phonograph.training.run_directory import RunDirectory, write_json


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a training gave.

    Args:
        best: the bundle with the best score.
        last: the bundle with the last weights.
        monitor: the score that chose the best; None where nothing was validated.
        best_value: the lowest value of that score; None likewise.
        steps: steps of the optimizer.
        epochs: passes over the data that were finished.
        seconds: wall-clock time, everything included.
        rejected: utterances that a loss could not use.
        interrupted: whether Ctrl-C ended the training.
    """

    best: Path
    last: Path
    monitor: str | None
    best_value: float | None
    steps: int
    epochs: int
    seconds: float
    rejected: tuple[str, ...]
    interrupted: bool


def write_result(run: RunDirectory, result: FitResult) -> None:
    """Note in the run directory what a training gave that came to its end."""
    told = {**asdict(result), "best": result.best.name, "last": result.last.name}
    write_json(run.result, told)


def read_result(run: RunDirectory) -> FitResult | None:
    """Read what a training gave; None where it has not ended, or its bundles are gone."""
    try:
        told = json.loads(run.result.read_text(encoding="utf-8"))
        told["best"], told["last"] = run.path / told["best"], run.path / told["last"]
        result = FitResult(**{**told, "rejected": tuple(told["rejected"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return result if result.best.exists() and result.last.exists() else None
