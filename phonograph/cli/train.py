"""`phonograph train`: train a graph on real speech."""

from __future__ import annotations

import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonograph.cli.device import pick_device
from phonograph.cli.dry_run import try_out
from phonograph.cli.graph_argument import (
    BUNDLE_SUFFIX,
    AsJson,
    Device,
    Graph,
    Overrides,
    load_argument,
)
from phonograph.cli.screen import note, say, say_json
from phonograph.counted import counted
from phonograph.errors import GraphError

if TYPE_CHECKING:
    from phonograph.graphs.solved import SolvedGraph
    from phonograph.training.fit_result import FitResult

INTERRUPTED = 130


def train(
    graph: Graph,
    overrides: Overrides,
    *,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where everything is written, by default runs/<name>."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Start over where this graph was trained before.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Try one batch of each view; estimate memory and time."),
    ] = False,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Train a graph as its section `train` says.

    The run directory gets the bundles best.phono and last.phono, the solved graph, metrics in JSON
    lines and for TensorBoard. Ctrl-C ends the training early and keeps what it has learnt. With
    --dry-run nothing is written: it takes a few seconds and tells whether the training will work.

    Examples:
      phonograph train my.yaml --dry-run
      phonograph train my.yaml
      phonograph train phonograph://asr/prompts init.from=hama.phono --run runs/prompts
      phonograph train my.yaml train.trainer.max_steps=100 --run runs/short
      tensorboard --logdir runs
    """
    if graph.endswith(BUNDLE_SUFFIX):
        message = f"`{graph}` is a bundle; start from it: phonograph train GRAPH init.from={graph}"
        raise typer.BadParameter(message, param_hint="GRAPH")
    solved = load_argument(graph, [*overrides, *_placement(device)])
    _refuse_open(solved)
    if dry_run:
        try_out(solved, as_json=as_json)
        return
    folder = run or Path("runs") / _folder_name(solved.name)
    from phonograph.collections import default_metrics, default_registry
    from phonograph.graphs.allocation import keep_freed_memory
    from phonograph.training.fit import fit

    keep_freed_memory()
    tell, first = note if as_json else say, _is_first()
    if first:
        tell(f"training {solved.name} in {folder}")
    result = fit(
        solved,
        default_registry(),
        folder,
        metrics=default_metrics(),
        overwrite=overwrite,
        say=tell,
    )
    if first and as_json:
        told = {**asdict(result), "best": str(result.best), "last": str(result.last)}
        say_json(told)
    elif first:
        _print(result, folder)
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)


def _is_first() -> bool:
    """Whether this process is alone, or the first of those that torchrun or SLURM started."""
    return (os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or "0") == "0"


def _placement(device: str) -> list[str]:
    """Say in overrides where to compute; `auto` leaves it to the graph, and it to Lightning."""
    if device == "auto":
        return []
    kind, _, index = pick_device(device).partition(":")
    devices = f"[{index}]" if index else "1"
    return [f"train.trainer.accelerator={kind}", f"train.trainer.devices={devices}"]


def _refuse_open(graph: SolvedGraph) -> None:
    from phonograph.graphs.left_open import left_open_faults

    faults = left_open_faults(graph)
    if faults:
        raise GraphError(faults)


def _folder_name(name: str) -> str:
    """Turn a graph's name into one folder's.

    >>> _folder_name("../my graph")
    'my-graph'
    """
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "graph"


def _print(result: FitResult, folder: Path) -> None:
    steps, epochs = counted(result.steps, "step"), counted(result.epochs, "epoch")
    ended = "interrupted after" if result.interrupted else "done:"
    say(f"\n{ended} {steps}, {epochs}, {result.seconds:.0f} s")
    if result.best_value is not None:
        say(f"best {_score(str(result.monitor), result.best_value)}: {result.best}")
    else:
        say(f"the bundle: {result.best}")
    if result.rejected:
        utterances = counted(len(result.rejected), "utterance")
        say(f"left out: {utterances} that cannot be aligned, listed in {folder / 'rejected.jsonl'}")
    say("\nWhat to try next:")
    say(f"  phonograph transcribe {result.best} RECORDING")
    say(f"  phonograph evaluate {result.best} MANIFEST")


def _score(name: str, value: float) -> str:
    return f"{name} {value:.3f}" if name == "loss" else f"{name} {100 * value:.1f} %"
