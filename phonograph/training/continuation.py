"""Going on with a training that was broken off: from which state, and on how many processes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from phonograph.errors import Diagnostic, PhonographError, Place
from phonograph.training.position import Position
from phonograph.training.settings import Settings
from phonograph.training.state_file import previous_of, read_state

BUDGET = frozenset(f"train.trainer.max_{limit}" for limit in ("steps", "epochs", "time"))
"""Settings that say when a training ends."""

_HARMLESS = BUDGET | {
    "train.cache",
    "train.threads",
    *(
        f"train.trainer.{name}"
        for name in (
            "check_val_every_n_epoch",
            "devices",
            "limit_val_batches",
            "log_every_n_steps",
            "num_nodes",
            "profiler",
            "strategy",
            "val_check_interval",
        )
    ),
}
"""Settings that may change without another training coming of it."""

_ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class Continuation:
    """A state to go on from.

    Args:
        file: the state.
        position: where it stands.
    """

    file: Path
    position: Position


def find_state(file: Path, say: Callable[[str], None]) -> Continuation | None:
    """Find the newest state that can be read: the last one or the one before.

    Args:
        file: the name of the last state.
        say: told when the last one is damaged.

    Raises:
        PhonographError: there are states, but none can be read.
    """
    damaged: list[Diagnostic] = []
    for candidate in (file, previous_of(file)):
        if not candidate.exists():
            continue
        try:
            found = Continuation(candidate, Position(**read_state(candidate)["position"]))
        except (KeyError, TypeError):
            message = "the state of the training cannot be read: it is of another kind"
            damaged.append(Diagnostic("PT010", message, Place(str(candidate))))
            continue
        except PhonographError as error:
            damaged += error.diagnostics
            continue
        if damaged:
            say(f"warning: {damaged[0].message}; going on from the state before it")
        return found
    if damaged:
        help = "start over with `--overwrite`; the bundles that were saved are intact until then"
        raise PhonographError([replace(fault, help=help) for fault in damaged])
    return None


def share_out(settings: Settings, start: Position, processes: int) -> Settings:
    """Let fewer processes do the work of those that began: they take more batches for each step.

    Args:
        settings: the `train` section.
        start: where the training stands.
        processes: that train now.

    Raises:
        PhonographError: the work cannot be divided evenly.
    """
    if start.processes % processes or start.batches % processes:
        message = f"the training was begun by {start.processes} processes and {processes} go on"
        help = f"go on with {start.processes}, or a number that divides it; or use another `--run`"
        raise PhonographError(Diagnostic("PT012", message, help=help))
    more = start.processes // processes
    accumulated = int(settings.trainer.get("accumulate_grad_batches", 1)) * more
    return replace(settings, trainer={**settings.trainer, "accumulate_grad_batches": accumulated})


def refuse_changes(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse to go on with settings or data that would make another training of it.

    Args:
        path: the run directory.
        before: what `settings.json` says.
        after: what it would say now.

    Raises:
        PhonographError: names every change.
    """
    changed = [line for key, line in _changes(before, after) if key not in _HARMLESS]
    if changed:
        message = "the training in this directory was begun with other settings"
        help = "undo the change, train into another `--run`, or start over with `--overwrite`"
        causes = tuple(sorted(changed))
        raise PhonographError(Diagnostic("PT013", message, Place(str(path)), "", causes, help))


def same_budget(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a training ends where it would have ended before."""
    return not any(key in BUDGET for key, _ in _changes(before, after))


def digest_of(file: Path) -> str:
    """Return what identifies the content of a file, or an empty text where there is none."""
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    for key in sorted(old | new):
        was, now = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if was != now:
            yield key, f"`{key}` was {was}, now it is {now}"


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value
