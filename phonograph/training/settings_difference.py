"""What differs between the trainings that two graphs describe: `init` and `train`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from phonograph.graphs.changes import ABSENT, Change, changes, comparable
from phonograph.graphs.parameters import is_open
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.written_at import origin_of
from phonograph.training.optimizer_choice import default_rates
from phonograph.training.settings import Settings, scores_of, settings_so_far

_LIMITS = ("max_steps", "max_epochs", "max_time")


def settings_changes(before: SolvedGraph, after: SolvedGraph) -> tuple[Change, ...]:
    """Compare what two graphs say about training; defaults that are written out do not count.

    Args:
        before: a checked graph.
        after: another one.
    """
    sides = settings_so_far(before), settings_so_far(after)
    # what another optimizer does by default says nothing
    fill_in = sides[0].optimizer == sides[1].optimizer
    told, other = (
        {"init": _init(graph), "train": _train(graph, settings, fill_in=fill_in)}
        for graph, settings in zip((before, after), sides, strict=True)
    )
    return tuple(_with_origin(change, after) for change in changes(told, other))


def _init(graph: SolvedGraph) -> dict[str, Any]:
    init, document = graph.spec.init, graph.spec.document
    if not init:
        return {}
    told = {key: sorted(init.get(key) or []) for key in ("exclude", "freeze")}
    told["include"] = sorted(init.get("include", ["*"]) or [])
    written = init["from"]
    if is_open(written):
        return {"from": written, **told}
    return {"from": str(document.folder_of("init", "from") / Path(written).expanduser()), **told}


def _train(graph: SolvedGraph, settings: Settings, *, fill_in: bool) -> dict[str, Any]:
    rates = default_rates(settings.optimizer) if fill_in else {}
    scores = scores_of(graph)
    trainer = {k: v for k, v in settings.trainer.items() if k not in _LIMITS}
    budget = settings.budget
    limits = {"steps": budget.steps, "epochs": budget.epochs, "time": budget.seconds}
    read = {
        "optimizer": {"name": settings.optimizer, **rates, **settings.rates},
        "schedule": asdict(settings.schedule),
        "trainer": trainer | {f"max_{k}": v for k, v in limits.items() if v is not None},
        "seed": settings.seed,
        "cache": settings.cache,
        "threads": settings.threads,
        "monitor": settings.monitor or (scores[0] if scores else None),
        "ema": settings.ema,
        "average": settings.average,
    }
    told: dict[str, Any] = comparable(read, paths=True)
    return _with_open(told, graph.spec.train)


def _with_open(told: dict[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """Put back what is left for later, which reading takes for left out."""
    kept = dict(told)
    for key, value in written.items():
        if isinstance(value, Mapping) and isinstance(told.get(key), dict):
            kept[key] = _with_open(told[key], value)
        elif is_open(value):
            kept[key] = value
    return kept


def _with_origin(change: Change, after: SolvedGraph) -> Change:
    if change.after is ABSENT:
        return change
    return replace(change, origin=origin_of(after.spec.document, *change.what.split(".")))
