"""`phonograph train --dry-run`: what the first batches tell of a training."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from phonograph.cli.screen import note, say, say_json, tell
from phonograph.counted import counted

if TYPE_CHECKING:
    from phonograph.graphs.solved import SolvedGraph
    from phonograph.training.dry_run import DryRun
    from phonograph.training.trial import Trial

WIDTH = 100
"""Columns of a line of the report."""

_TOGETHER = "\x00"  # a blank at which no line is broken
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_DAY, _HOUR, _MINUTE = 86400, 3600, 60


def try_out(graph: SolvedGraph, *, as_json: bool) -> None:
    """Try a training out and print what was found.

    Raises:
        PhonographError: what training would stumble over.
    """
    from phonograph.collections import default_metrics, default_registry
    from phonograph.graphs.allocation import keep_freed_memory
    from phonograph.training.dry_run import dry_run

    keep_freed_memory()
    say_or_note = note if as_json else say
    say_or_note(f"trying {graph.name}: one batch of each view, nothing is written")
    found = dry_run(graph, default_registry(), metrics=default_metrics(), say=say_or_note)
    if as_json:
        say_json(
            {
                **asdict(found),
                "ok": not found.faults,
                "faults": [fault.to_json() for fault in found.faults],
            }
        )
    else:
        _print(found)
    if found.faults:
        if not as_json:
            tell(found.faults)
        raise typer.Exit(1)


def _print(found: DryRun) -> None:
    for trial in found.trials:
        _print_trial(trial)
    for view, reason in found.skipped.items():
        say(f"\n{view}\n  not run   {reason}")
    _print_memory(found)
    _print_time(found)


def _print_trial(trial: Trial) -> None:
    say(f"\n{trial.view}")
    batch = f"{counted(trial.utterances, 'utterance')} of {trial.split}"
    which = f", the longest batch of {trial.batches:,}" if trial.batches > 1 else ""
    _say("batch", f"{batch}, {trial.audio_seconds:.1f} s of audio{'' if trial.fed else which}")
    _say("in", _shapes(trial.inputs))
    _say("out", _shapes(trial.outputs))
    if trial.loss is not None:
        _say("loss", f"{trial.loss:.3f}{'' if trial.finite else ', which is not finite'}")
    if trial.rejected:
        _say("left out", f"{', '.join(trial.rejected)}: shorter than its text, says the loss")
    step = "a step" if trial.view == "train" else "computing"
    reading = "" if trial.fed else f", reading {duration(trial.loading_seconds)}"
    _say("time", f"{step} {duration(trial.seconds)}{reading}")
    if trial.peak_bytes is not None:
        _say("memory", f"at most {size(trial.peak_bytes)} in the whole process")


def _say(name: str, text: str) -> None:
    """Print a named line; one that is too long goes on below."""
    lines = textwrap.wrap(text, WIDTH - 12, break_long_words=False) or [""]
    first, *others = (line.replace(_TOGETHER, " ") for line in lines)
    say(f"  {name:10}{first}")
    for line in others:
        say(f"{'':12}{line}")


def _shapes(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Write ports with their shapes, the largest first: audio before its lengths."""
    ordered = sorted(shapes.items(), key=lambda entry: -len(entry[1]))
    named = (f"{port} {' x '.join(map(str, shape))}".strip() for port, shape in ordered)
    return ", ".join(one.replace(" ", _TOGETHER) for one in named)


def _print_memory(found: DryRun) -> None:
    memory = found.memory
    parts = {
        "weights": memory.weights,
        "gradients": memory.gradients,
        "optimizer": memory.optimizer,
        "activations": memory.activations,
    }
    say(f"\nmemory of training, on {found.device}, measured on its longest batch")
    for name, count in parts.items():
        say(f"  {name:12}{size(count):>9}")
    say(f"  {'together':12}{size(memory.total):>9}")


def _print_time(found: DryRun) -> None:
    time = found.time
    say(f"\ntime of training, estimated from {found.timed} batch{'' if found.timed == 1 else 'es'}")
    if found.prefix:
        nodes = ", ".join(found.prefix)
        say(f"  once        {duration(time.prefix_seconds)} to compute {nodes} for every utterance")
    steps = counted(time.steps_per_epoch, "step")
    say(f"  epoch       {duration(time.epoch_seconds)} for {steps}")
    if time.validations:
        times = "once" if time.validations == 1 else f"{time.validations} times"
        say(f"  validation  {duration(time.validation_seconds)}, {times}")
    rounded = f"{time.epochs:.0f}" if time.epochs >= 10 else f"{time.epochs:.3g}"
    epochs = f"{rounded} epoch{'' if rounded == '1' else 's'}"
    say(
        f"  in all      about {duration(time.seconds)}: {epochs}, "
        f"{counted(time.steps, 'step')}, ended by {time.ends_by}"
    )
    if found.processes > 1:
        say(f"              ({found.processes} processes; one was tried)")


def size(count: int) -> str:
    """Write a number of bytes.

    >>> size(12), size(3_400_000)
    ('12 B', '3.4 MB')
    """
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"


def duration(seconds: float) -> str:
    """Write a time in the two units that matter.

    >>> duration(0.0123), duration(2.5), duration(150), duration(7300), duration(180_000)
    ('12 ms', '2.5 s', '2 min 30 s', '2 h 2 min', '2 d 2 h')
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    for unit, name, smaller, smaller_name in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if seconds >= unit:
            whole, rest = divmod(round(seconds / smaller), unit // smaller)
            return f"{whole} {name} {rest} {smaller_name}"
    return f"{seconds:.0f} s"
