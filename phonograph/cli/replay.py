"""`phonograph replay`: where a batch stops being finite."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phonograph.cli.device import pick_device
from phonograph.cli.graph_argument import AsJson, Device
from phonograph.cli.screen import say, say_json
from phonograph.counted import counted

if TYPE_CHECKING:
    from phonograph.training.replay import Replay


def replay(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    *,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Compute a batch again whose loss or gradients were not finite.

    Training saves such a batch when it stops, with its weights and the state of the random numbers.
    This tells the loss of each utterance, the first output that is not finite, and the gradients.

    Examples:
      phonograph replay runs/prompts
      phonograph replay runs/prompts --json
    """
    from phonograph.collections import default_registry
    from phonograph.training.replay import replay as compute

    found = list(compute(run, default_registry(), pick_device(device)))
    if as_json:
        say_json([_plain(one) for one in found])
        return
    for one in found:
        _print(one)


def _plain(one: Replay) -> dict[str, Any]:
    losses = {name: _number(loss) for name, loss in one.losses.items()}
    return {**asdict(one), "file": str(one.file), "loss": _number(one.loss), "losses": losses}


def _number(value: float) -> float | str:
    """Write what JSON has no number for as a text."""
    return value if math.isfinite(value) else str(value)


def _print(one: Replay) -> None:
    say(f"{one.file}: the loss was {one.was} at step {one.step}, now it is {one.loss:.6g}")
    for name, loss in one.losses.items():
        say(f"  {loss:12.6g}  {name}")
    if one.output:
        of = f", of {_listed(one.utterances)}" if one.utterances else ""
        say(f"the first output that is not finite: {one.output}{of}")
    else:
        say("every output is finite")
    if one.gradient:
        say(f"the gradients are not finite from {one.gradient} on, backwards")
    if one.weights:
        say(f"gradients that are not finite: {_listed(one.weights)}")


def _listed(names: tuple[str, ...], most: int = 3) -> str:
    more = f" and {counted(len(names) - most, 'other')}" if len(names) > most else ""
    return ", ".join(names[:most]) + more
