"""`phonograph evaluate`: how many words a recogniser gets wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phonograph.cli.device import pick_device
from phonograph.cli.graph_argument import AsJson, Device, Precision
from phonograph.cli.screen import note, say, say_json
from phonograph.counted import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from phonograph.graphs.model import Model
    from phonograph.training.evaluate import Evaluation, ScoredUtterance
    from phonograph.training.score_details import ScoreDetails
    from phonograph.training.scoring import Counts

_UNITS = {"wer": "word", "cer": "character"}


def evaluate(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A trained *.phono file.")],
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="Recordings and texts in JSON lines.")
    ],
    *,
    view: Annotated[
        str, typer.Option(metavar="NAME", help="The view that is scored.")
    ] = "validate",
    show: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many of the worst utterances to show.")
    ] = 3,
    speakers: Annotated[
        bool, typer.Option("--speakers", help="Show the scores of each `speaker` as well.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write the errors as a page, with players."),
    ] = None,
    device: Device = "auto",
    precision: Precision = "float32",
    as_json: AsJson = False,
) -> None:
    """Count a recogniser's errors.

    The manifest lists recordings and what is said in them, a line for each:
    {"audio_filepath": "a.wav", "duration": 1.5, "text": "what is said"}

    A rate comes with the interval that holds it with 95 % probability, by the bootstrap over
    speakers where all lines have a `speaker` and there are five of them, else over utterances.

    Examples:
      phonograph evaluate runs/prompts/best.phono test.jsonl
      phonograph evaluate best.phono test.jsonl --show 20
      phonograph evaluate best.phono test.jsonl --speakers --page errors.html
      phonograph evaluate best.phono test.jsonl --precision bf16
      phonograph evaluate best.phono test.jsonl --json > scores.json
    """
    chosen = pick_device(device)
    from phonograph.collections import default_metrics, default_registry
    from phonograph.data.manifest_index import read_manifest
    from phonograph.graphs.allocation import keep_freed_memory
    from phonograph.graphs.bundle import open_bundle
    from phonograph.modules.fold_norms import fold_batch_norms
    from phonograph.training.evaluate import evaluate as score
    from phonograph.training.score_details import score_details
    from phonograph.training.speakers import speakers_of

    keep_freed_memory()
    model = open_bundle(bundle, default_registry(), chosen)
    fold_batch_norms(model.module)
    metrics = default_metrics()
    found = score(model, manifest, metrics, view=view, device=chosen, precision=precision, say=note)
    told = speakers_of(read_manifest(manifest, on_bad="skip"))
    details = {
        name: one
        for name in found.scores
        if (one := score_details(name, found.utterances, told)) is not None
    }
    if page is not None:
        _write_page(page, model, manifest, found.utterances)
    if as_json:
        named = {"bundle": str(bundle), "manifest": str(manifest), "view": view}
        say_json({**named, **_to_json(found, details)})
    else:
        _print(found, details, show)
        if speakers:
            _print_speakers(details)


def _to_json(found: Evaluation, details: Mapping[str, ScoreDetails]) -> dict[str, Any]:
    utterances = [
        {"id": one.id, "reference": one.reference, "hypothesis": one.hypothesis}
        for one in found.utterances
    ]
    return {
        "scores": {
            name: {**counts.to_json(), **(details[name].to_json() if name in details else {})}
            for name, counts in found.scores.items()
        },
        "loss": found.loss,
        "audio_seconds": round(found.audio_seconds, 3),
        "wall_seconds": round(found.wall_seconds, 3),
        "real_time_factor": round(_real_time_factor(found), 5),
        "rejected": list(found.rejected),
        "utterances": utterances,
    }


def _print(found: Evaluation, details: Mapping[str, ScoreDetails], show: int) -> None:
    for name, counts in found.scores.items():
        say(_score_line(name, counts, details.get(name)))
    if found.loss is not None:
        say(f"loss {found.loss:.3f}")
    audio, wall = found.audio_seconds, found.wall_seconds
    factor = f"real-time factor {_real_time_factor(found):.3f}"
    utterances = f"{counted(len(found.utterances), 'utterance')}, " if found.utterances else ""
    say(f"{utterances}{audio / 60:.1f} min of audio in {wall:.1f} s ({factor})")
    if found.rejected:
        names = ", ".join(found.rejected)
        say(f"left out of the loss, cannot be aligned: {names}")
    if show and "wer" in details:
        _print_confusions(details["wer"])
    _print_worst(found.utterances, show)


def _interval(details: ScoreDetails) -> str:
    found = details.interval
    return f" (95 % over {found.over}: {100 * found.low:.2f} to {100 * found.high:.2f} %)"


def _print_confusions(details: ScoreDetails) -> None:
    found = details.confusions
    told = {
        "substitutions": [f"{e.ref} -> {e.hyp} {times}" for e, times in found.substitutions],
        "deletions": [f"{edit.ref} {times}" for edit, times in found.deletions],
        "insertions": [f"{edit.hyp} {times}" for edit, times in found.insertions],
    }
    if any(told.values()):
        say("\nMost common errors:")
    for kind, parts in told.items():
        if parts:
            say(f"  {kind:<13}  {', '.join(parts)}")


def _print_speakers(details: Mapping[str, ScoreDetails]) -> None:
    for name, one in details.items():
        if not one.speakers:
            say("\nno line of the manifest has a `speaker`")
            return
        say(f"\n{name} by speaker, worst first:")
        for speaker, counts in one.speakers.items():
            said = counted(counts.reference, _UNITS.get(name, "unit"))
            say(f"  {100 * counts.rate:6.2f} %  {speaker}  {counts.errors:,} errors in {said}")


def _write_page(
    page: Path, model: Model, manifest: Path, utterances: tuple[ScoredUtterance, ...]
) -> None:
    from phonograph.training.report.heard_page import heard_page
    from phonograph.whole_file import write_whole

    write_whole(page, heard_page(model, manifest, utterances))


def _print_worst(utterances: tuple[ScoredUtterance, ...], show: int) -> None:
    from phonograph.collections.asr.word_errors import aligned_text, word_errors

    errors = [word_errors([one.reference], [one.hypothesis]).errors for one in utterances]
    ranked = sorted(zip(errors, utterances, strict=True), key=lambda pair: (-pair[0], pair[1].id))
    worst = [pair for pair in ranked[:show] if pair[0]]
    if worst:
        say("\nMost errors:")
    for count, one in worst:
        say(f"\n{one.id}: {counted(count, 'error')}")
        say(aligned_text(one.reference, one.hypothesis))


def _score_line(name: str, counts: Counts, details: ScoreDetails | None) -> str:
    found: dict[str, Any] = dict(counts.to_json())
    kinds = {kind: int(found[kind]) for kind in ("substitutions", "insertions", "deletions")}
    total = counted(int(found["reference"]), _UNITS.get(name, "unit"))
    parts = ", ".join(counted(number, kind.removesuffix("s")) for kind, number in kinds.items())
    errors = f"{sum(kinds.values()):,} errors in {total}: {parts}"
    return f"{name} {100 * counts.rate:6.2f} %{_interval(details) if details else ''}  {errors}"


def _real_time_factor(found: Evaluation) -> float:
    return found.wall_seconds / max(found.audio_seconds, 1e-9)
