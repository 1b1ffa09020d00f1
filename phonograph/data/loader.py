"""Loading batches, in worker processes where asked, with faults told as they are."""

from __future__ import annotations

import math
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch.multiprocessing import _prctl_pr_set_pdeathsig  # type: ignore[attr-defined]
from torch.utils.data import DataLoader, Dataset, Sampler
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from phonograph.data.batching import batch_share, dealt_batches, evaluation_batches
from phonograph.data.dataset import collate
from phonograph.data.faults import data_error
from phonograph.errors import DataError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Collate = Callable[[Sequence[Any]], Any]


class TimedDataset(Protocol):
    """Items of known duration."""

    @property
    def durations(self) -> Sequence[float]:
        """Seconds of each item."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any: ...


class TrainingSampler(Sampler[list[int]]):
    """One rank's batches of the current epoch; see `training_batches`.

    Args:
        durations: seconds of each utterance.
        seconds: what a padded batch may hold.
        seed: any number, 0 or more.
        rank: this process.
        world: number of processes.
        multiple: see `training_batches`.

    Attributes:
        epoch: whose batches the next pass gives.
        start: how many of them it leaves out, because they were given before.
    """

    def __init__(
        self,
        durations: Sequence[float],
        *,
        seconds: float,
        seed: int,
        rank: int = 0,
        world: int = 1,
        multiple: int = 1,
    ) -> None:
        self._durations = durations
        self._seconds, self._seed, self._rank, self._world = seconds, seed, rank, world
        self._multiple = multiple
        self._sizes: tuple[int, list[int]] = (-1, [])
        self._count = len(self.batches(0))
        self.epoch = 0
        self.start = 0

    def batches(self, epoch: int) -> list[list[int]]:
        """The batches of any epoch."""
        return self._deal(epoch)[self._rank :: self._world]

    def share(self, epoch: int, number: int, together: int) -> float:
        """By how much a batch of this process counts; see `batch_share`."""
        if self._sizes[0] != epoch:
            self._deal(epoch)
        return batch_share(
            self._sizes[1],
            number * self._world + self._rank,
            together=together,
            utterances=len(self._durations),
        )

    def _deal(self, epoch: int) -> list[list[int]]:
        """Deal the batches of all processes."""
        unit = math.lcm(self._world, self._multiple)
        dealt = dealt_batches(
            self._durations, seconds=self._seconds, seed=self._seed, epoch=epoch, unit=unit
        )
        self._sizes = (epoch, [len(batch) for batch in dealt])
        return dealt

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches(self.epoch)[self.start :])

    def __len__(self) -> int:
        return self._count


class Loader(DataLoader[Any]):
    """Batches of a dataset; what goes wrong in a worker is raised here as it was there.

    torch would turn an error of a worker process into text. Faults travel as values instead,
    all those of a batch at once.

    Args:
        dataset: what to read.
        batch_sampler: which utterances make a batch.
        workers: processes that read ahead, at least 0; 0 reads in this process. No more are
            started than there are processor cores for this process.
        collate: puts items side by side.
    """

    def __init__(
        self,
        dataset: TimedDataset,
        batch_sampler: Sampler[list[int]] | Sequence[list[int]],
        *,
        workers: int = 0,
        collate: Collate = collate,
    ) -> None:
        workers = min(workers, _cores())
        super().__init__(
            _FaultsAsValues(dataset),
            batch_sampler=batch_sampler,
            collate_fn=_BatchOrFaults(collate),
            num_workers=workers,
            persistent_workers=workers > 0,
            worker_init_fn=_end_with_parent,
            pin_memory=torch.cuda.is_available(),
            # of its own, so that loading takes no numbers from the random state of training
            generator=torch.Generator(),
        )

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Give the batches of an epoch.

        Raises:
            DataError: the faults of every recording in a batch.
        """
        for loaded in super().__iter__():
            if isinstance(loaded, _Faults):
                self.close()
                raise data_error(loaded.faults)
            yield loaded

    def close(self) -> None:
        """End the workers; the next pass starts new ones.

        Found later by the garbage collector, each would take torch five seconds.
        """
        running, self._iterator = self._iterator, None
        if isinstance(running, _MultiProcessingDataLoaderIter):
            running._shutdown_workers()  # noqa: SLF001 - torch has no other way

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Choose the epoch that the next pass gives, from which batch on; evaluation has none."""
        if isinstance(self.batch_sampler, TrainingSampler):
            self.batch_sampler.epoch, self.batch_sampler.start = epoch, start

    def share(self, number: int, together: int) -> float:
        """Return by how much a batch counts; see `batch_share`.

        Args:
            number: batches of training that this process was given before.
            together: batches, of all processes, that make one step.
        """
        if not isinstance(self.batch_sampler, TrainingSampler):
            return 1.0
        epoch, batch = divmod(number, max(1, len(self.batch_sampler)))
        return self.batch_sampler.share(epoch, batch, together)


def training_loader(
    dataset: TimedDataset,
    *,
    seconds: float,
    seed: int,
    rank: int = 0,
    world: int = 1,
    multiple: int = 1,
    workers: int = 0,
    collate: Collate = collate,
) -> Loader:
    """Load shuffled batches; call `set_epoch` before each epoch.

    Args:
        dataset: what to read.
        seconds: what a padded batch may hold, above 0.
        seed: any number, 0 or more.
        rank: this process, in [0, world).
        world: number of processes that train together.
        multiple: see `training_batches`.
        workers: processes that read ahead, at least 0.
        collate: puts items side by side.
    """
    sampler = TrainingSampler(
        dataset.durations, seconds=seconds, seed=seed, rank=rank, world=world, multiple=multiple
    )
    return Loader(dataset, sampler, workers=workers, collate=collate)


def evaluation_loader(
    dataset: TimedDataset, *, seconds: float, workers: int = 0, collate: Collate = collate
) -> Loader:
    """Load every utterance once, in the same order each time, on every rank.

    Args:
        dataset: what to read.
        seconds: what a padded batch may hold, above 0.
        workers: processes that read ahead, at least 0.
        collate: puts items side by side.
    """
    batches = evaluation_batches(dataset.durations, seconds=seconds)
    return Loader(dataset, batches, workers=workers, collate=collate)


@dataclass(frozen=True, slots=True)
class _Faults:
    faults: tuple[Diagnostic, ...]


class _FaultsAsValues(Dataset[Any]):
    def __init__(self, dataset: TimedDataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> Any:
        try:
            return self._dataset[index]
        except DataError as error:
            return _Faults(error.diagnostics)


@dataclass(frozen=True, slots=True)
class _BatchOrFaults:
    collate: Collate

    def __call__(self, loaded: Sequence[Any]) -> Any:
        faults = [fault for one in loaded if isinstance(one, _Faults) for fault in one.faults]
        return _Faults(tuple(faults)) if faults else self.collate(loaded)


def _end_with_parent(_: int) -> None:
    """Let a worker, which may be busy for ever, go when its process is killed (on Linux)."""
    _prctl_pr_set_pdeathsig(signal.SIGKILL)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
