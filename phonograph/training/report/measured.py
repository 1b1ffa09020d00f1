"""What a run directory says was measured, as lines to draw."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from phonograph.training.report.line_chart import LineChart

_TITLES = {"wer": "word error rate, %", "cer": "character error rate, %"}


def read_metrics(file: Path) -> list[dict[str, float]]:
    """Read `metrics.jsonl`; a line that cannot be read, such as one cut off, is left out.

    >>> read_metrics(Path("nowhere.jsonl"))
    []
    """
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return list(_numbers(lines))


def _numbers(lines: Iterable[str]) -> Iterator[dict[str, float]]:
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and isinstance(told.get("step"), int):
            yield {key: value for key, value in told.items() if isinstance(value, int | float)}


def charts_of(metrics: list[dict[str, float]], audio_seconds: float) -> list[LineChart]:
    """Choose what is drawn: the loss, every score, the learning rate, the throughput.

    Args:
        metrics: lines of `metrics.jsonl`.
        audio_seconds: seconds of the training data, 0 where nobody knows; no throughput then.
    """
    losses = {
        name: points
        for name in ("train", "validation")
        if (points := _line(metrics, f"{name}/loss"))
    }
    names = dict.fromkeys(key for line in metrics for key in line if key.startswith("validation/"))
    charts = [LineChart("loss", "step", losses)]
    for name in (key.removeprefix("validation/") for key in names):
        if name != "loss":
            factor = 100.0 if name in _TITLES else 1.0
            points = _line(metrics, f"validation/{name}", factor)
            charts.append(LineChart(_TITLES.get(name, name), "step", {name: points}))
    charts.append(LineChart("learning rate", "step", {"rate": _line(metrics, "train/lr")}))
    heard = _throughput(metrics, audio_seconds)
    return [*charts, LineChart("seconds of audio per second", "step", {"throughput": heard})]


def _line(
    metrics: Iterable[Mapping[str, float]], name: str, factor: float = 1.0
) -> list[tuple[float, float]]:
    return [(line["step"], factor * line[name]) for line in metrics if name in line]


def _throughput(
    metrics: Iterable[Mapping[str, float]], audio_seconds: float
) -> list[tuple[float, float]]:
    """Say how fast it went from one logged step to the next, validation left out."""
    points: list[tuple[float, float]] = []
    before: Mapping[str, float] | None = None
    for line in metrics:
        training = "train/loss" in line
        if before is not None and training and audio_seconds:
            spent = line.get("seconds", 0.0) - before.get("seconds", 0.0)
            heard = (line.get("epoch", 0.0) - before.get("epoch", 0.0)) * audio_seconds
            if spent > 0 and heard >= 0:
                points.append((line["step"], heard / spent))
        before = line
    return points
