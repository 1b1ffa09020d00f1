"""Trying out one view: a few real batches, how long they take and what they hold."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from phonograph.data.batching import evaluation_batches, training_batches
from phonograph.data.loader import Loader
from phonograph.graphs.model import Model
from phonograph.graphs.prefix import find_prefix
from phonograph.graphs.spec import PortName
from phonograph.training.cached_prefix import Place
from phonograph.training.memory import PeakMemory
from phonograph.training.optimizer import keep_frozen_still
from phonograph.training.scoring import Losses, Metrics, Scorer, losses_of
from phonograph.training.split import PortBatch, Split, ids_of, to_device


@dataclass(frozen=True, slots=True)
class LoadedBatch:
    """A batch of a split.

    Args:
        durations: seconds of its utterances, as the manifest says.
        values: values by port of the data layer.
        seconds: that reading took.
    """

    durations: tuple[float, ...]
    values: PortBatch
    seconds: float

    @property
    def padded_seconds(self) -> float:
        """Seconds of audio with the padding, which is computed too."""
        return padded_seconds(self.durations)


@dataclass(frozen=True, slots=True)
class Batched:
    """A split, and a few of its batches.

    Args:
        split: the view with its data.
        loaded: a few batches, the longest one first.
        batches: how many there are; for training, in an epoch of one process.
        padded_seconds: of all of these.
    """

    split: Split
    loaded: tuple[LoadedBatch, ...]
    batches: int
    padded_seconds: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What one batch of a view gave.

    Args:
        view: the view's name.
        split: the part of the data that the batch is from.
        fed: whether the view is fed, and the batch only lent by another view.
        utterances: in the batch.
        audio_seconds: of all of them, without padding.
        batches: of the split, or of an epoch of one process.
        inputs: port -> shape; the length of a list.
        outputs: likewise.
        loss: sum of all losses; None where none is run.
        finite: whether the loss is a number.
        rejected: names of utterances that a loss could not use.
        seconds: for the batch, without reading; for a training step, forward, backward and step.
        loading_seconds: that reading it took.
        peak_bytes: the most memory that was held meanwhile; None where the system does not tell.
    """

    view: str
    split: str
    fed: bool
    utterances: int
    audio_seconds: float
    batches: int
    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    loss: float | None
    finite: bool
    rejected: tuple[str, ...]
    seconds: float
    loading_seconds: float
    peak_bytes: int | None


class Runner:
    """Runs one view, its frozen prefix apart where training would compute that once.

    Args:
        model: the built graph.
        view: the view's name.
        place: the device and the precision.
        apart: whether the prefix is computed apart.

    Attributes:
        rate: seconds that a padded second of audio takes, as the last `measure` found.
        prefix_rate: likewise, for the prefix.
    """

    def __init__(self, model: Model, view: str, place: Place, *, apart: bool) -> None:
        self.model, self.view, self.place = model, view, place
        prefix = find_prefix(model, view) if apart else None
        self.prefix_nodes = prefix.nodes if prefix else ()
        self._boundary = prefix.boundary if prefix else ()
        self._head = model.compile(prefix.head) if prefix else None
        self.rest = model.compile(prefix.rest) if prefix else model.view(view)
        self.rate = self.prefix_rate = 0.0

    def given(self, batch: PortBatch) -> dict[PortName, Any]:
        """Move a batch to the device, and compute the prefix."""
        values = to_device(batch, self.place.device)
        if self._head is not None:
            self.model.module.eval()
            with torch.no_grad(), self.place.precision():
                computed = self._head(values)
            values |= {port: computed[port] for port in self._boundary}
        return values

    def forward(self, given: Mapping[PortName, Any], *, training: bool) -> Mapping[PortName, Any]:
        """Compute the rest, for training with what the backward pass needs."""
        self.model.module.train(training)
        keep_frozen_still(self.model.module)
        with torch.set_grad_enabled(training), self.place.precision():
            return self.rest(given)

    def losses(self, values: Mapping[PortName, Any]) -> Losses | None:
        """Pick out the losses."""
        return losses_of(self.model.graph, self.rest.view, values)

    def now(self) -> float:
        """Return the time when all that was started is done, in seconds."""
        if self.place.device.type == "cuda":
            torch.cuda.synchronize(self.place.device)
        return time.perf_counter()


def try_view(runner: Runner, batched: Batched, metrics: Metrics, *, fed: bool) -> Trial:
    """Run a view on the longest batch, without training, and score what it gives.

    Args:
        runner: runs the view.
        batched: its data, or that of another view.
        metrics: how to score.
        fed: whether the data is only lent by another view.
    """
    batch, graph = batched.loaded[0], runner.model.graph
    with PeakMemory(runner.place.device) as peak:
        start = runner.now()
        given = runner.given(batch.values)
        between = runner.now()
        values = runner.forward(given, training=False)
        end = runner.now()
    runner.prefix_rate = (between - start) / batch.padded_seconds if runner.prefix_nodes else 0.0
    runner.rate = (end - between) / batch.padded_seconds
    Scorer(graph, runner.rest.view, metrics).add(values, len(batch.durations))
    losses = runner.losses(values)
    total = None if losses is None else float(losses.total)
    return Trial(
        view=runner.view,
        split=batched.split.name,
        fed=fed,
        utterances=len(batch.durations),
        audio_seconds=sum(batch.durations),
        batches=batched.batches,
        inputs=shapes(batch.values, runner.model.plan(runner.view).inputs),
        outputs=shapes(values, runner.rest.view.outputs),
        loss=total,
        finite=total is None or math.isfinite(total),
        rejected=rejected_of(runner.model, batch.values, losses),
        seconds=end - start,
        loading_seconds=batch.seconds,
        peak_bytes=peak.bytes,
    )


def deal(split: Split, *, training: bool, seed: int, world: int, count: int = 9) -> Batched:
    """Deal the batches of a split as training would, and read a few of them.

    Args:
        split: the view with its data.
        training: whether they are shuffled and dealt to several processes.
        seed: decides the order.
        world: number of processes.
        count: how many are read, at least 1; the longest is the first.

    Raises:
        DataError: the faults of every recording in those batches.
    """
    durations, seconds = split.dataset.durations, split.batch_seconds
    if training:
        dealt = training_batches(durations, seconds=seconds, seed=seed, epoch=0, world=world)
    else:
        dealt, count = evaluation_batches(durations, seconds=seconds), 1
    padded = sum(padded_seconds(durations[index] for index in batch) for batch in dealt)
    loaded = _load(split, longest_first(dealt, durations, count))
    return Batched(split, tuple(loaded), len(dealt), padded)


def _load(split: Split, batches: Sequence[list[int]]) -> list[LoadedBatch]:
    """Read batches in this process."""
    loader = Loader(split.dataset, list(batches), workers=0, collate=split.collate)
    loaded, start = [], time.perf_counter()
    for members, values in zip(batches, loader, strict=True):
        seconds = time.perf_counter() - start
        durations = tuple(split.dataset.durations[index] for index in members)
        loaded.append(LoadedBatch(durations, values, seconds))
        start = time.perf_counter()
    return loaded


def total_seconds(split: Split) -> float:
    """Return the seconds of a split as evaluation pads them."""
    durations = split.dataset.durations
    batches = evaluation_batches(durations, seconds=split.batch_seconds)
    return sum(padded_seconds(durations[index] for index in batch) for batch in batches)


def longest_first(
    batches: Sequence[list[int]], durations: Sequence[float], count: int
) -> list[list[int]]:
    """Return the longest batch, then the first others, `count` at most.

    >>> longest_first([[0], [1, 2], [3]], [1.0, 2.0, 3.0, 4.0], 2)
    [[1, 2], [0]]
    """
    longest = max(
        range(len(batches)),
        key=lambda number: padded_seconds(durations[i] for i in batches[number]),
    )
    others = [batch for number, batch in enumerate(batches) if number != longest]
    return [batches[longest], *others][:count]


def padded_seconds(durations: Iterable[float]) -> float:
    """Return the seconds of a batch with its padding.

    >>> padded_seconds([1.0, 3.0])
    6.0
    """
    lasting = list(durations)
    return len(lasting) * max(lasting)


def shapes(values: Mapping[PortName, Any], ports: Iterable[PortName]) -> dict[str, tuple[int, ...]]:
    """Return port -> shape; the length of a list."""
    return {
        str(port): tuple(values[port].shape)
        if isinstance(values[port], Tensor)
        else (len(values[port]),)
        for port in ports
    }


def rejected_of(model: Model, batch: PortBatch, losses: Losses | None) -> tuple[str, ...]:
    """Name the utterances that a loss could not use."""
    ids = ids_of(model.graph, batch)
    rows = (
        row
        for left_out in (losses.rejected.values() if losses else ())
        for row in left_out.nonzero().flatten().tolist()
    )
    return tuple(dict.fromkeys(ids[row] if ids else f"row {row}" for row in rows))
