"""Train a graph: the whole way from a solved graph to bundles in a run directory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from phonograph.errors import GraphError
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.job import FitResult, Job, share_prefixes, train
from phonograph.training.ranks import train_in_processes
from phonograph.training.run_directory import RunDirectory, start_run
from phonograph.training.scoring import Metrics
from phonograph.training.settings import read_settings
from phonograph.training.starting_point import check_trainable
from phonograph.training.trainer import build_trainer, main_port, processes_to_start
from phonograph.types.registry import Registry


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

    Args:
        graph: a graph without faults.
        registry: the modules that may be named.
        run: the run directory; see `RunDirectory` for what it will hold.
        metrics: name -> how to score; functions that another process can import.
        overwrite: whether a finished training of the same graph may be replaced.
        say: told, line by line, what a user should know.

    Raises:
        GraphError: the graph cannot be trained, or a setting is at fault.
        DataError: a manifest, a recording or a transcript is at fault, or the loss is not finite.
        BundleError: the checkpoint to start from cannot be read.
        PhonographError: the run directory is not to be used.
    """
    start = time.monotonic()
    faults = check_trainable(graph)
    if faults:
        raise GraphError(faults)
    settings = read_settings(graph)
    directory = RunDirectory(run)
    probe = build_trainer(graph, settings, directory)
    if probe.is_global_zero:
        directory = start_run(run, graph, seed=settings.seed, overwrite=overwrite)
    job = Job(graph, registry, directory, settings, metrics)
    count = processes_to_start(probe)
    try:
        if count:
            job = share_prefixes(job, probe, say)
            result = train_in_processes(job, count, main_port(probe), say)
        else:
            result = train(job, say)
    finally:
        directory.drop_cache(directory.cache / "shared")
    return replace(result, seconds=time.monotonic() - start)
