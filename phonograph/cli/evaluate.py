"""`phonograph evaluate`: how many words a recogniser gets wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phonograph.cli.device import pick_device
from phonograph.cli.graph_argument import AsJson, Device, Precision
from phonograph.cli.screen import counted, say, say_json

if TYPE_CHECKING:
    from phonograph.training.evaluate import Evaluation, ScoredUtterance
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
    device: Device = "auto",
    precision: Precision = "float32",
    as_json: AsJson = False,
) -> None:
    """Count a recogniser's errors.

    The manifest lists recordings and what is said in them, a line for each:
    {"audio_filepath": "a.wav", "duration": 1.5, "text": "what is said"}

    Examples:
      phonograph evaluate runs/prompts/best.phono test.jsonl
      phonograph evaluate best.phono test.jsonl --show 20
      phonograph evaluate best.phono test.jsonl --precision bf16
      phonograph evaluate best.phono test.jsonl --json > scores.json
    """
    chosen = pick_device(device)
    from phonograph.collections import default_metrics, default_registry
    from phonograph.graphs.allocation import keep_freed_memory
    from phonograph.graphs.bundle import open_bundle
    from phonograph.modules.fold_norms import fold_batch_norms
    from phonograph.training.evaluate import evaluate as score

    keep_freed_memory()
    model = open_bundle(bundle, default_registry(), chosen)
    fold_batch_norms(model.module)
    metrics = default_metrics()
    found = score(model, manifest, metrics, view=view, device=chosen, precision=precision)
    if as_json:
        say_json(
            {"bundle": str(bundle), "manifest": str(manifest), "view": view, **_to_json(found)}
        )
    else:
        _print(found, show)


def _to_json(found: Evaluation) -> dict[str, Any]:
    utterances = [
        {"id": one.id, "reference": one.reference, "hypothesis": one.hypothesis}
        for one in found.utterances
    ]
    return {
        "scores": {name: dict(counts.to_json()) for name, counts in found.scores.items()},
        "loss": found.loss,
        "audio_seconds": round(found.audio_seconds, 3),
        "wall_seconds": round(found.wall_seconds, 3),
        "real_time_factor": round(_real_time_factor(found), 5),
        "rejected": list(found.rejected),
        "utterances": utterances,
    }


def _print(found: Evaluation, show: int) -> None:
    for name, counts in found.scores.items():
        say(_score_line(name, counts))
    if found.loss is not None:
        say(f"loss {found.loss:.3f}")
    audio, wall = found.audio_seconds, found.wall_seconds
    factor = f"real-time factor {_real_time_factor(found):.3f}"
    utterances = f"{counted(len(found.utterances), 'utterance')}, " if found.utterances else ""
    say(f"{utterances}{audio / 60:.1f} min of audio in {wall:.1f} s ({factor})")
    if found.rejected:
        names = ", ".join(found.rejected)
        say(f"left out of the loss, cannot be aligned: {names}")
    _print_worst(found.utterances, show)


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


def _score_line(name: str, counts: Counts) -> str:
    found: dict[str, Any] = dict(counts.to_json())
    kinds = {kind: int(found[kind]) for kind in ("substitutions", "insertions", "deletions")}
    total = counted(int(found["reference"]), _UNITS.get(name, "unit"))
    parts = ", ".join(counted(number, kind.removesuffix("s")) for kind, number in kinds.items())
    return f"{name} {100 * counts.rate:6.2f} %  {sum(kinds.values()):,} errors in {total}: {parts}"


def _real_time_factor(found: Evaluation) -> float:
    return found.wall_seconds / max(found.audio_seconds, 1e-9)
