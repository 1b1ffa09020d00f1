"""The report of a training: what was trained, how it went, what it hears."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from phonograph.data.manifest_index import read_manifest
from phonograph.errors import DataError, Diagnostic, PhonographError, Place
from phonograph.graphs.bundle import open_bundle
from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.model import Model
from phonograph.training.evaluate import ScoredUtterance, evaluate
from phonograph.training.pages.page import Section, page
from phonograph.training.report.heard import read_heard
from phonograph.training.report.heard_page import STYLE, heard_sections, speakers_in
from phonograph.training.report.line_chart import line_chart
from phonograph.training.report.measured import charts_of, read_metrics
from phonograph.training.run_directory import RunDirectory, read_settings_of
from phonograph.training.score_details import score_details
from phonograph.training.scoring import Metrics
from phonograph.types.registry import Registry
from phonograph.whole_file import write_whole


def run_report(
    run: RunDirectory, registry: Registry, metrics: Metrics, data: Path | None = None
) -> str:
    """Write the page about a training, finished or not.

    Args:
        run: its run directory.
        registry: the modules that may be named.
        metrics: how to score; needed with `data` only.
        data: a manifest that the best bundle is run over; what the best validation heard is shown
            when left out.

    Raises:
        PhonographError: the folder holds no training; the bundle or the manifest is at fault.
    """
    if not run.settings.exists() or not run.versions.exists():
        help = "give the folder that `phonograph train` was told with --run"
        fault = Diagnostic("PT030", "not a run directory", Place(str(run.path)), help=help)
        raise PhonographError(fault)
    model = open_bundle(run.best, registry) if run.best.exists() else None
    settings = read_settings_of(run)
    heard = read_heard(run.heard)
    manifest = data or _manifest_of(settings, "validation")
    if data is not None:
        if model is None:
            help = "train until the first validation is done"
            fault = Diagnostic(
                "PT031", "there is no best bundle yet", Place(str(run.path)), help=help
            )
            raise PhonographError(fault)
        heard = evaluate(model, data, metrics).utterances
    measured = read_metrics(run.metrics)
    audio = _seconds_of(_manifest_of(settings, "train"))
    charts = [line_chart(chart) for chart in charts_of(measured, audio)]
    facts = _facts(_told(run, model, measured, audio, heard, manifest))
    curves = f'<div class="charts">{"".join(charts)}</div>' if any(charts) else ""
    sections = [Section("Curves", curves), *heard_sections(model, manifest, heard)]
    name = model.graph.spec.name if model is not None else run.path.resolve().name
    return page(f"{name}: the training", facts, sections, STYLE)


def write_report(run: RunDirectory, registry: Registry, metrics: Metrics) -> None:
    """Write `report.html` into a run directory."""
    write_whole(run.report, run_report(run, registry, metrics))


def _manifest_of(settings: dict[str, Any], split: str) -> Path | None:
    paths = settings.get("paths", {})
    found = (path for name, path in paths.items() if name.endswith(f".{split}"))
    return next((Path(path) for path in found), None)


def _seconds_of(manifest: Path | None) -> float:
    try:
        return sum(read_manifest(manifest, on_bad="skip").durations) if manifest else 0.0
    except DataError:
        return 0.0


def _facts(told: Iterator[tuple[str, str]]) -> str:
    cells = "".join(f"<div><dt>{escaped(k)}</dt><dd>{escaped(v)}</dd></div>" for k, v in told)
    return f'<dl class="totals">{cells}</dl>'


def _told(
    run: RunDirectory,
    model: Model | None,
    measured: Sequence[dict[str, float]],
    audio: float,
    heard: Sequence[ScoredUtterance],
    manifest: Path | None,
) -> Iterator[tuple[str, str]]:
    yield from _best(measured, heard, manifest)
    if model is not None:
        yield "Parameters", f"{sum(p.numel() for p in model.module.parameters()):,}"
    if audio:
        yield "Training data", f"{audio / 3600:.2f} h"
    if measured:
        last = measured[-1]
        yield "Steps", f"{last['step']:,}"
        yield "Epochs", f"{last.get('epoch', 0.0):.3g}"
        yield "Time", str(timedelta(seconds=round(last.get("seconds", 0.0))))
    versions = _versions(run)
    yield "Seed", str(versions.get("seed", "?"))
    yield "phonograph", str(versions.get("phonograph", "?"))
    yield "torch", str(versions.get("torch", "?"))


def _best(
    measured: Sequence[dict[str, float]], heard: Sequence[ScoredUtterance], manifest: Path | None
) -> Iterator[tuple[str, str]]:
    details = score_details("wer", heard, speakers_in(manifest))
    if details is not None:
        errors = sum(one.errors for one in details.counts)
        words = sum(one.reference for one in details.counts)
        where = f", {manifest.name}" if manifest is not None else ""
        yield f"Word error rate{where}", f"{100 * errors / max(words, 1):.2f} %"
        found = details.interval
        span = f"{100 * found.low:.2f} to {100 * found.high:.2f} %"
        yield f"95 %, over {found.over}", span
        return
    for name in dict.fromkeys(key for line in measured for key in line):
        if name.startswith("validation/"):
            lowest = min(line[name] for line in measured if name in line)
            yield f"Lowest {name.removeprefix('validation/')}", f"{lowest:.4g}"


def _versions(run: RunDirectory) -> dict[str, Any]:
    try:
        found = json.loads(run.versions.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
