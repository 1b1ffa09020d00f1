"""Train a graph: the whole way from a solved graph to bundles in a run directory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from phonograph.errors import GraphError, PhonographError
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.continuation import (
    Continuation,
    find_state,
    refuse_changes,
    same_budget,
    share_out,
)
from phonograph.training.fit_result import FitResult, read_result, write_result
from phonograph.training.held_directory import held, telling_of_disks
from phonograph.training.job import Job, say_nothing, share_prefixes, train
from phonograph.training.position import Position
from phonograph.training.process_kept import process_kept
from phonograph.training.ranks import train_in_processes
from phonograph.training.report.run_report import write_report
from phonograph.training.run_directory import (
    RunDirectory,
    go_on,
    read_settings_of,
    refuse_foreign,
    settings_of,
    start_run,
)
from phonograph.training.scoring import Metrics
from phonograph.training.settings import Settings, read_settings
from phonograph.training.starting_point import check_trainable
from phonograph.training.trainer import build_trainer, main_port, processes_to_start
from phonograph.types.registry import Registry
from phonograph.whole_file import half_written

if TYPE_CHECKING:
    import pytorch_lightning as pl


@process_kept()
def fit(
    graph: SolvedGraph,
    registry: Registry,
    run: Path,
    *,
    metrics: Metrics,
    overwrite: bool = False,
    say: Callable[[str], None],
) -> FitResult:
    """Train a graph as its `train` section says.

    Where the Trainer is to use several devices of this machine, a process is started for each. In
    a process that somebody else started as one of several (torchrun, SLURM), it does its part.

    A training that was broken off in this run directory, in whatever way, goes on as if nothing had
    happened; one that is done is told again.

    Args:
        graph: a graph without faults.
        registry: the modules that may be named.
        run: the run directory; see `RunDirectory` for what it will hold.
        metrics: name -> how to score; functions that another process can import.
        overwrite: whether an earlier training of the same graph is thrown away.
        say: told, line by line, what a user should know.

    Raises:
        GraphError: the graph cannot be trained, or a setting is at fault.
        DataError: a manifest, a recording or a transcript is at fault, or the loss is not finite.
        BundleError: the checkpoint to start from cannot be read.
        PhonographError: the run directory is not to be used or written, or was begun with other
            settings.
    """
    start = time.monotonic()
    faults = check_trainable(graph)
    if faults:
        raise GraphError(faults)
    settings = read_settings(graph)
    directory = RunDirectory(run)
    probe = build_trainer(graph, settings, directory)
    with telling_of_disks(run), _held_by_the_first(directory, graph, probe):
        tell = say if probe.is_global_zero else say_nothing
        found = _earlier(directory, graph, tell) if not overwrite else None
        if isinstance(found, FitResult):
            return found
        if probe.is_global_zero:
            _open(directory, graph, settings, found, overwrite=overwrite)
        if found is not None:
            processes = probe.world_size
            settings = share_out(settings, found.position, processes)
            tell(_going_on(found.position, processes))
        job = Job(graph, registry, directory, settings, metrics, start=found)
        result = _fit(job, probe, say)
        if probe.is_global_zero:
            if not result.interrupted:
                write_result(directory, result)
            _report(directory, registry, metrics, say)
    return replace(result, seconds=time.monotonic() - start)


def _fit(job: Job, probe: pl.Trainer, say: Callable[[str], None]) -> FitResult:
    count = processes_to_start(probe)
    if not count:
        return train(job, say)
    try:
        shared = share_prefixes(job, probe, say)
        return train_in_processes(shared, count, main_port(probe), say)
    finally:
        job.run.drop_cache(job.run.cache / "shared")


def _report(
    directory: RunDirectory, registry: Registry, metrics: Metrics, say: Callable[[str], None]
) -> None:
    """Write the report; what was learnt is not lost when that cannot be done."""
    try:
        write_report(directory, registry, metrics)
    except (PhonographError, OSError) as error:
        say(f"the report could not be written: {error}")


@contextmanager
def _held_by_the_first(
    directory: RunDirectory, graph: SolvedGraph, probe: pl.Trainer
) -> Iterator[None]:
    """Hold the directory in the process that writes most; what a killed one left half goes."""
    if not probe.is_global_zero:
        yield
        return
    refuse_foreign(directory.path, graph)
    directory.path.mkdir(parents=True, exist_ok=True)
    with held(directory.path):
        for folder in (directory.path, directory.averaged):
            for file in half_written(folder):
                file.unlink(missing_ok=True)
        yield


def _earlier(
    directory: RunDirectory, graph: SolvedGraph, say: Callable[[str], None]
) -> FitResult | Continuation | None:
    """Return what an earlier training of this graph came to, or the state that it left.

    One that had not learnt anything yet is in nobody's way.
    """
    state = find_state(directory.state, say)
    if state is None or (state.position.step == 0 and not directory.last.exists()):
        return None
    before, after = read_settings_of(directory), settings_of(graph)
    refuse_changes(directory.path, before, after)
    result = read_result(directory) if same_budget(before, after) else None
    if result is not None:
        say("this training is done; `--overwrite` starts over, a larger budget goes on")
    return result or state


def _open(
    directory: RunDirectory,
    graph: SolvedGraph,
    settings: Settings,
    found: Continuation | None,
    *,
    overwrite: bool,
) -> None:
    if found is None:
        start_run(directory.path, graph, seed=settings.seed, overwrite=overwrite)
    else:
        go_on(directory, graph, seed=settings.seed, step=found.position.step)


def _going_on(position: Position, processes: int) -> str:
    epochs = position.batches / position.per_epoch
    told = f"going on at step {position.step}, after {epochs:.1f} epochs"
    if processes == position.processes:
        return told
    return f"{told}; each process takes the batches of {position.processes // processes}"
