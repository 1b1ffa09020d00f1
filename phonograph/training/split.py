"""One view with the data it reads: what training and validation walk through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from phonograph.data.dataset import SpeechDataset
from phonograph.data.faults import Faults
from phonograph.data.loaded import Skip, TimedDataset
from phonograph.data.loader import Loader, evaluation_loader
from phonograph.data.training_sampler import Draw, TrainingSampler
from phonograph.errors import Diagnostic
from phonograph.graphs.compiled_view import CompiledView
from phonograph.graphs.model import Model
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import PortName
from phonograph.types.kinds import Id

PortBatch = Mapping[PortName, Any]
Collate = Callable[[Sequence[Any]], PortBatch]


def ignore(faults: Sequence[Diagnostic]) -> None:
    """Leave out an utterance without a word."""


@dataclass(frozen=True, slots=True)
class Split:
    """A view and where its batches come from.

    Args:
        name: `train`, `validation` or `test`.
        view: what is computed from a batch.
        dataset: items of known duration.
        collate: puts items side by side, as values of ports.
        batch_seconds: what a padded batch may hold, above 0.
        workers: processes that read ahead, at least 0.
        draw: see `TrainingSampler`.
        skips: whether utterances that cannot be read are left out; else they are an error.
        left_out: what is wrong with lines of manifests that are left out.
    """

    name: str
    view: CompiledView
    dataset: TimedDataset
    collate: Collate
    batch_seconds: float
    workers: int
    draw: Draw | None = None
    skips: bool = False
    left_out: tuple[Faults, ...] = ()

    @property
    def seconds(self) -> float:
        """Seconds of all items together."""
        return float(sum(self.dataset.durations))

    def training(
        self, skip: Skip = ignore, *, seed: int, rank: int, world: int, multiple: int = 1
    ) -> Batches:
        """Return shuffled batches, dealt to `world` processes; see `training_batches`.

        Args:
            skip: told of utterances that are left out.
            seed: any number, 0 or more.
            rank: this process, in [0, world).
            world: number of processes.
            multiple: see `training_batches`.
        """
        sampler = TrainingSampler(
            self.dataset.durations,
            seconds=self.batch_seconds,
            seed=seed,
            rank=rank,
            world=world,
            multiple=multiple,
            draw=self.draw,
        )
        told = skip if self.skips else None
        return Batches(
            Loader(self.dataset, sampler, workers=self.workers, collate=self.collate, skip=told)
        )

    def evaluation(self, skip: Skip = ignore, *, rank: int = 0, world: int = 1) -> Batches:
        """Return every item once, in the same order each time; see `EvaluationSampler`.

        Args:
            skip: told of utterances that are left out.
            rank: this process, in [0, world).
            world: number of processes.
        """
        loader = evaluation_loader(
            self.dataset,
            seconds=self.batch_seconds,
            workers=self.workers,
            collate=self.collate,
            skip=skip if self.skips else None,
            rank=rank,
            world=world,
        )
        return Batches(loader)


class Batches:
    """The batches of a loader; Lightning takes them as they are.

    Lightning has advice for every `DataLoader` it sees (more workers, another sampler), which
    does not hold here.

    Args:
        loader: what to walk through.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[PortBatch]:
        return iter(self._loader)

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Choose the epoch that the next pass gives, and the batch with which it begins."""
        self._loader.set_epoch(epoch, start)

    def stands_in(self, number: int) -> bool:
        """Whether a batch of evaluation does not count; see `EvaluationSampler`."""
        return self._loader.stands_in(number)

    def share(self, number: int, together: int, count: int) -> float:
        """Return by how much this process's batch of that number counts; see `Loader.share`."""
        return self._loader.share(number, together, count)

    def close(self) -> None:
        """End the processes that read ahead."""
        self._loader.close()


@dataclass(frozen=True, slots=True)
class PortCollate:
    """Puts items of a data layer side by side, under the names of its ports.

    Args:
        node: the data layer's node.
        collate: returns values by port name.
    """

    node: str
    collate: Callable[[Sequence[Any]], Mapping[str, Any]]

    def __call__(self, items: Sequence[Any]) -> PortBatch:
        """Return values by port of the whole graph."""
        batch = self.collate(items)
        return {PortName(self.node, port): value for port, value in batch.items()}


def open_split(
    model: Model, view_name: str, *, split: str | None = None, layer: Any = None
) -> Split:
    """Open the data that a view reads.

    Args:
        model: a built graph with a data layer.
        view_name: a view that reads the data layer.
        split: which part of the data; the view's own when left out.
        layer: reads the data instead of the graph's own data layer.

    Raises:
        DataError: the manifest or its transcripts are at fault.
    """
    node = model.data_node
    view = model.view(view_name)
    name = split or view.view.split
    assert node is not None
    assert name is not None
    layer = layer or model.modules[node.name]
    dataset = layer.dataset(name)
    ours = dataset if isinstance(dataset, SpeechDataset) else None
    return Split(
        name=name,
        view=view,
        dataset=dataset,
        collate=PortCollate(node.name, layer.collate),
        batch_seconds=layer.batch_seconds,
        workers=layer.workers,
        draw=ours.draw if ours else None,
        skips=ours is not None and ours.on_bad == "skip",
        left_out=ours.left_out if ours else (),
    )


def to_device(batch: PortBatch, device: torch.device | str) -> dict[PortName, Any]:
    """Move the tensors of a batch."""
    return {
        port: value.to(device, non_blocking=True) if isinstance(value, Tensor) else value
        for port, value in batch.items()
    }


def id_port(graph: SolvedGraph) -> PortName | None:
    """Return the port with the names of utterances, if the data layer has one."""
    ports = (
        PortName(node.name, port)
        for node in graph.nodes.values()
        if node.declaration.is_source
        for port, solved in node.outputs.items()
        if isinstance(solved.kind, Id)
    )
    return next(ports, None)


def ids_of(graph: SolvedGraph, batch: PortBatch) -> list[str]:
    """Return the names of the utterances of a batch; empty where the data has no names."""
    port = id_port(graph)
    return [] if port is None else list(batch[port])
