"""A training as every one of its processes is told it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from phonograph.errors import Diagnostic
from phonograph.graphs.model import Model
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.cached_prefix import MEMORY, CachedItems, Place, after_prefix, cache_prefix
from phonograph.training.checkpoint_average import CheckpointAverage
from phonograph.training.checkpoints import Checkpoints
from phonograph.training.continuation import Continuation
from phonograph.training.fit_result import FitResult
from phonograph.training.interruption import Interruption
from phonograph.training.lightning_graph import LightningGraph, Surroundings
from phonograph.training.loss_scale import LossScale
from phonograph.training.metrics_log import MetricsLog
from phonograph.training.moving_average import MovingAverage
from phonograph.training.pacing import Pacing
from phonograph.training.position import Position
from phonograph.training.process_group import group_of_processes
from phonograph.training.progress import ProgressReport
from phonograph.training.rank_watch import RankWatch
from phonograph.training.rejections import rejected_ids
from phonograph.training.run_directory import RunDirectory
from phonograph.training.scoring import Metrics
from phonograph.training.settings import Settings, scores_of
from phonograph.training.skipped import Skipped
from phonograph.training.split import Split, open_split
from phonograph.training.starting_point import starting_point
from phonograph.training.trainer import build_trainer, without_noise
from phonograph.types.registry import Registry

if TYPE_CHECKING:
    import pytorch_lightning as pl

Say = Callable[[str], None]
Alarm = Callable[[Diagnostic], None]

_LOG_EVERY = 10
_VALIDATION_ARGUMENTS = {"check_val_every_n_epoch", "val_check_interval"}


@dataclass(frozen=True, slots=True)
class Job:
    """What every process of a training is told.

    Args:
        graph: what to train.
        registry: the modules that may be named.
        run: where files go.
        settings: the `train` section.
        metrics: how to score; functions that another process can import.
        start: the state to go on from; None at the beginning.
        cached: view -> what its frozen prefix gives; None where each process finds out itself.
    """

    graph: SolvedGraph
    registry: Registry
    run: RunDirectory
    settings: Settings
    metrics: Metrics
    start: Continuation | None = None
    cached: Mapping[str, CachedItems] | None = field(default=None, repr=False)


def share_prefixes(job: Job, trainer: pl.Trainer, say: Say) -> Job:
    """Compute frozen prefixes into files, before processes are started that all read them."""
    model = _model(job, say)
    place = _place(trainer, job.run.cache / "shared", memory=0)
    cached = _cached(job, model, _splits(model, say), place, say)
    return replace(job, cached=cached)


def train(job: Job, say: Say, alarm: Alarm | None = None) -> FitResult:
    """Train in this process, as the only one or as one of several.

    Args:
        job: what to train.
        say: told what a user should know.
        alarm: told which other process died or hangs, before this one ends; `say` by default.

    Raises:
        PhonographError: the data or the settings are at fault, or the loss is not finite.
    """
    with threads(job.settings.threads):
        return _train(job, say, alarm or _saying(say))


def _train(job: Job, say: Say, alarm: Alarm) -> FitResult:
    callbacks = _Callbacks(job, say)
    watch = RankWatch(job.run.path / "beats", alarm)
    asked = [watch, *callbacks.all(job.settings)]
    trainer = build_trainer(job.graph, job.settings, job.run, asked)
    tell = say if trainer.is_global_zero and job.cached is None else say_nothing
    start = time.monotonic()
    model = _model(job, tell)
    splits = _splits(model, tell)
    if trainer.is_global_zero:
        skipped = Skipped(None if job.start else job.run.skipped, say)  # once is enough
        for split in splits.values():
            skipped.lines(split.name, split.left_out)
    place = _place(trainer, job.run.cache / f"rank{trainer.global_rank}")
    with ExitStack() as ending:
        ending.callback(job.run.drop_cache, place.folder)
        ending.callback(callbacks.close)
        cached = job.cached
        if cached is None:
            cached = _cached(job, model, splits, place, tell)
        rest = {view: after_prefix(model, view, s, cached.get(view)) for view, s in splits.items()}
        processes = job.start.position.processes if job.start else trainer.world_size
        around = Surroundings(job.settings, job.metrics, job.run, say, processes)
        module = LightningGraph(model, rest["train"], rest.get("validate"), around)
        ending.callback(module.close)
        ending.callback(watch.close)
        with group_of_processes(trainer.world_size):
            _run(trainer, module, callbacks, job.start)
    return callbacks.result(module.position, time.monotonic() - start)


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Compute with so many threads; None leaves their number as it is."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Callbacks:
    """The callbacks of a training, which know afterwards what it gave."""

    def __init__(self, job: Job, say: Say) -> None:
        scores = scores_of(job.graph)
        self._run = job.run
        self._monitor = job.settings.monitor or (scores[0] if scores else None)
        every = job.settings.trainer.get("log_every_n_steps", _LOG_EVERY)
        self.log = MetricsLog(job.run, every)
        self.average = MovingAverage(job.settings.ema) if job.settings.ema else None
        self.checkpoints = Checkpoints(job.run, self._monitor, self.average)
        self.averaging = (
            CheckpointAverage(job.run, self._monitor, job.settings.average, self.average, say)
            if job.settings.average and self._monitor
            else None
        )
        self.interruption = Interruption(say)
        self.scale = LossScale(say)
        self.report = ProgressReport(say)

    def all(self, settings: Settings) -> list[pl.Callback]:
        """Return them in the order in which they are asked."""
        paced = not _VALIDATION_ARGUMENTS & set(settings.trainer)
        # `average` comes first: others save what it averaged
        averaging = [one for one in (self.average, self.averaging) if one]
        found = [*averaging, self.scale, self.log, self.checkpoints, self.interruption, self.report]
        return [*found, Pacing()] if paced else list(found)

    def close(self) -> None:
        """Close what they write into."""
        self.report.close()
        self.log.close()

    def result(self, position: Position, seconds: float) -> FitResult:
        """Sum up a training that came to its end."""
        validated = self.checkpoints.validated >= 0 and self._monitor is not None
        return FitResult(
            best=self._run.best,
            last=self._run.last,
            monitor=self._monitor if validated else None,
            best_value=self.checkpoints.best_value if validated else None,
            steps=position.step,
            epochs=position.epoch,
            seconds=seconds,
            rejected=rejected_ids(self._run.rejected),
            interrupted=self.interruption.happened,
        )


def _run(
    trainer: pl.Trainer, module: LightningGraph, callbacks: _Callbacks, start: Continuation | None
) -> None:
    if module.splits[1] is None:
        trainer.limit_val_batches = 0
    # Lightning wants every part in training mode; the frozen ones leave it as training starts.
    module.modules_by_node.train()
    with callbacks.interruption.listening(), without_noise():
        trainer.fit(module, ckpt_path=start.file if start else None)
        ended_unseen = callbacks.checkpoints.validated != trainer.global_step
        if ended_unseen and trainer.limit_val_batches and not callbacks.interruption.happened:
            trainer.validate(module, verbose=False)
        callbacks.checkpoints.save_state(trainer)
        callbacks.checkpoints.save_last(trainer, module)
        if (
            callbacks.averaging
            and trainer.limit_val_batches
            and not callbacks.interruption.happened
        ):
            callbacks.averaging.finish(trainer, module, callbacks.checkpoints.best_value)


def _model(job: Job, say: Say) -> Model:
    return starting_point(job.graph, job.registry, seed=job.settings.seed, say=say)


def _splits(model: Model, say: Say) -> dict[str, Split]:
    splits = {"train": open_split(model, "train")}
    if "validate" not in model.graph.spec.views:
        say("there is no view `validate`: the last weights count as the best")
        return splits
    node = model.data_node
    assert node is not None
    split = model.view("validate").view.split
    if split is None or model.modules[node.name].manifests[split] is None:
        say("there is no data to validate on: the last weights count as the best")
        return splits
    return {**splits, "validate": open_split(model, "validate")}


def _cached(
    job: Job, model: Model, splits: Mapping[str, Split], place: Place, say: Say
) -> dict[str, CachedItems]:
    if not job.settings.cache:
        return {}
    found = {view: cache_prefix(model, view, split, place, say) for view, split in splits.items()}
    return {view: items for view, items in found.items() if items is not None}


def _place(trainer: pl.Trainer, folder: Path, memory: int = MEMORY) -> Place:
    return Place(
        folder=folder,
        device=trainer.strategy.root_device,
        precision=trainer.precision_plugin.forward_context,
        memory=memory,
    )


def say_nothing(line: str) -> None:
    """Say nothing: the first process does."""


def _saying(say: Say) -> Alarm:
    return lambda fault: say(f"error[{fault.code}]: {fault.message}\n  = help: {fault.help}")
