"""The folder of one training: what was trained, with what, how it went, and what came out."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from phonograph import __version__
from phonograph.errors import Diagnostic, PhonographError, Place
from phonograph.graphs.lock import fingerprint, to_lock
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.continuation import digest_of
from phonograph.training.state_file import previous_of
from phonograph.whole_file import write_whole

_LIBRARIES = ("torch", "pytorch-lightning", "numpy", "safetensors", "soundfile")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Names of the files in a run directory.

    Args:
        path: the folder.
    """

    path: Path

    @property
    def lock(self) -> Path:
        """The solved graph."""
        return self.path / "lock.json"

    @property
    def settings(self) -> Path:
        """How it was trained: `train`, `init` and the files that were read."""
        return self.path / "settings.json"

    @property
    def versions(self) -> Path:
        """Versions, seed and command line."""
        return self.path / "versions.json"

    @property
    def metrics(self) -> Path:
        """A JSON line for each logged step and each validation."""
        return self.path / "metrics.jsonl"

    @property
    def rejected(self) -> Path:
        """A JSON line for each utterance that a loss could not use."""
        return self.path / "rejected.jsonl"

    @property
    def heard(self) -> Path:
        """A JSON line for each utterance of the best validation: what was said and heard."""
        return self.path / "heard.jsonl"

    @property
    def report(self) -> Path:
        """The page about the training."""
        return self.path / "report.html"

    @property
    def skipped(self) -> Path:
        """A JSON line for each fault of an utterance that was left out, with `on_bad: skip`."""
        return self.path / "skipped.jsonl"

    @property
    def best(self) -> Path:
        """The bundle with the best score."""
        return self.path / "best.phono"

    @property
    def last(self) -> Path:
        """The bundle with the last weights."""
        return self.path / "last.phono"

    @property
    def state(self) -> Path:
        """All that it takes to go on as if nothing had happened; the one before lies beside it."""
        return self.path / "last.state"

    @property
    def result(self) -> Path:
        """What the training gave, once it has ended."""
        return self.path / "result.json"

    @property
    def tensorboard(self) -> Path:
        """Events for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def cache(self) -> Path:
        """What was computed once and did not fit into memory; gone when training ends."""
        return self.path / "cache"

    @property
    def averaged(self) -> Path:
        """Weights with the best scores, which are averaged in the end."""
        return self.path / "averaged"

    @property
    def failed_weights(self) -> Path:
        """The bundle with which a loss or a gradient was not finite."""
        return self.path / "failed_batch.phono"

    def failed_batch_of(self, rank: int) -> Path:
        """The batch of a process that was not finite; beside it its utterances in JSON."""
        return self.path / ("failed_batch" + f"-{rank}" * (rank > 0) + ".safetensors")

    def drop_cache(self, folder: Path) -> None:
        """Delete one process's part of the cache, and the cache when nothing is left of it."""
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            self.cache.rmdir()

    def clear(self) -> None:
        """Delete what an earlier training wrote, but for the lock: without it nobody knows whose.

        The state goes first, so that nobody goes on with what is left when this is cut short.
        """
        for folder in (self.tensorboard, self.cache, self.averaged):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (
            self.state,
            self.state.with_suffix(".new"),
            previous_of(self.state),
            self.result,
            self.settings,
            self.versions,
            self.metrics,
            self.rejected,
            self.skipped,
            self.best,
            self.last,
            self.heard,
            self.report,
            *self.path.glob("failed_batch*.*"),
        ):
            file.unlink(missing_ok=True)


def start_run(
    path: Path, graph: SolvedGraph, *, seed: int, overwrite: bool = False
) -> RunDirectory:
    """Make the run directory of a training, or start an earlier one over.

    What an earlier training left that can be gone on with, by its state, is the caller's affair.

    Args:
        path: the folder, made when it is missing.
        graph: what is trained.
        seed: what makes it repeatable.
        overwrite: whether a finished training of the same graph may be replaced.

    Raises:
        PhonographError: the folder holds what another graph learnt, is no run directory, or holds a
            finished training that is not to be replaced.
    """
    run = RunDirectory(path)
    lock = to_lock(graph)
    fault = _why_not(run, fingerprint(lock), overwrite)
    if fault is not None:
        raise PhonographError(fault)
    path.mkdir(parents=True, exist_ok=True)
    run.clear()
    write_json(run.lock, {"fingerprint": fingerprint(lock), **lock})
    write_json(run.settings, settings_of(graph))
    write_json(run.versions, _circumstances(seed))
    return run


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    write_whole(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def _why_not(run: RunDirectory, wanted: str, overwrite: bool) -> Diagnostic | None:  # noqa: FBT001
    place = Place(str(run.path))
    if run.path.exists() and not run.path.is_dir():
        return Diagnostic("PT001", "the run directory is a file", place, help="choose another")
    if not run.path.exists() or all(file.name.startswith(".") for file in run.path.iterdir()):
        return None
    found = _fingerprint_of(run)
    if found is None:
        help = "choose another; an empty or a new folder will do"
        return Diagnostic("PT001", "the folder is not a run directory", place, help=help)
    learnt = run.metrics.exists() or run.best.exists() or run.last.exists()
    if found != wanted and learnt:
        causes = (f"the run directory has {found}, this graph is {wanted}",)
        message = "the run directory belongs to another graph"
        help = f"choose another, such as {run.path}-2"
        return Diagnostic("PT001", message, place, "", causes, help)
    if run.last.exists() and not overwrite:
        help = "train into another run directory, or start over with `--overwrite`"
        message = "the run directory holds a training of this graph, and no state to go on from"
        return Diagnostic("PT002", message, place, help=help)
    return None


def _lines_until(file: Path, step: int) -> Iterator[str]:
    """Give the lines up to a step, without those that a process could not write to their end."""
    with file.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            with suppress(ValueError, KeyError, TypeError):
                if line.endswith("\n") and json.loads(line)["step"] <= step:
                    yield line


def _fingerprint_of(run: RunDirectory) -> str | None:
    try:
        return str(json.loads(run.lock.read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def go_on(run: RunDirectory, graph: SolvedGraph, *, seed: int, step: int) -> None:
    """Make a run directory ready to go on after a step: what was noted later is forgotten.

    Args:
        run: the run directory of a training that was broken off.
        graph: what is trained.
        seed: what makes it repeatable.
        step: steps of the optimizer that are done.
    """
    run.result.unlink(missing_ok=True)
    for file in (run.metrics, run.rejected):
        if file.exists():
            write_whole(file, "".join(_lines_until(file, step)))
    write_json(run.settings, settings_of(graph))
    write_json(run.versions, _circumstances(seed))


def read_settings_of(run: RunDirectory) -> dict[str, Any]:
    """Return how a run directory says it was trained; nothing where that cannot be read."""
    try:
        found = json.loads(run.settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def refuse_foreign(path: Path, graph: SolvedGraph) -> None:
    """Refuse a folder that is no run directory, or one of another graph.

    Raises:
        PhonographError: it is one.
    """
    fault = _why_not(RunDirectory(path), fingerprint(to_lock(graph)), overwrite=True)
    if fault is not None:
        raise PhonographError(fault)


def settings_of(graph: SolvedGraph) -> dict[str, Any]:
    """Return what decides a training beside the graph: settings, paths in full, files' digests."""
    init = dict(graph.spec.init)
    if "from" in init:
        folder = graph.spec.document.folder_of("init", "from")
        init["from"] = str((folder / Path(init["from"]).expanduser()).resolve())
    paths = {
        f"{name}.{key}{trail}": str(path.resolve())
        for name, node in graph.nodes.items()
        for key, value in node.parameters.items()
        for trail, path in _paths_in(value)
    }
    files = {**paths, "init.from": init["from"]} if "from" in init else paths
    digests = {name: digest_of(Path(file)) for name, file in files.items()}
    return {"train": graph.spec.train, "init": init, "paths": paths, "digests": digests}


def _paths_in(value: Any) -> Iterator[tuple[str, Path]]:
    """Find the paths in an argument, with the keys and numbers that lead to them."""
    if isinstance(value, Path):
        yield "", value
    elif isinstance(value, tuple | list):
        for number, item in enumerate(value):
            yield from ((f".{number}{trail}", path) for trail, path in _paths_in(item))
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            found = _paths_in(getattr(value, field.name))
            yield from ((f".{field.name}{trail}", path) for trail, path in found)


def _circumstances(seed: int) -> dict[str, Any]:
    return {
        "phonograph": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{library: version(library) for library in _LIBRARIES},
        "seed": seed,
        "command": sys.argv,
    }
