"""Loading batches, in worker processes where asked, with faults told as they are."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch.multiprocessing import _prctl_pr_set_pdeathsig  # type: ignore[attr-defined]
from torch.utils.data import DataLoader, Sampler
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from phonograph.data.dataset import collate
from phonograph.data.evaluation_sampler import EvaluationSampler
from phonograph.data.faults import data_error
from phonograph.data.loaded import (
    Collate,
    CollateUsable,
    FaultsAsValues,
    Loaded,
    Skip,
    TimedDataset,
)
from phonograph.data.training_sampler import TrainingSampler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_SHARED = (TrainingSampler, EvaluationSampler)
"""Give every process as many batches."""


class Loader(DataLoader[Any]):
    """Batches of a dataset; what goes wrong in a worker is raised here as it was there.

    Args:
        dataset: what to read.
        batch_sampler: which utterances make a batch.
        workers: processes that read ahead, at least 0; 0 reads in this process. No more are
            started than there are processor cores for this process.
        collate: puts items side by side.
        skip: told of utterances that cannot be used, which are left out; None stops at the first
            batch that has some.
    """

    def __init__(
        self,
        dataset: TimedDataset,
        batch_sampler: Sampler[list[int]] | Sequence[list[int]],
        *,
        workers: int = 0,
        collate: Collate = collate,
        skip: Skip | None = None,
    ) -> None:
        workers = min(workers, _cores())
        self._skip = skip
        self._stood_in: set[int] = set()
        super().__init__(
            FaultsAsValues(dataset),
            batch_sampler=batch_sampler,
            collate_fn=CollateUsable(collate),
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
        return (loaded.batch for loaded in self.loaded() if loaded.batch is not None)

    def loaded(self) -> Iterator[Loaded]:
        """Give the batches of an epoch, with what each of them holds.

        Where all processes have to take as many steps, another one stands in for a batch of
        which nothing can be used, and does not count. In other evaluation it is None.

        Raises:
            DataError: as for `iter`.
        """
        first = 0
        if isinstance(self.batch_sampler, TrainingSampler):
            first = self.batch_sampler.start
        else:
            self._stood_in.clear()
        for number, loaded in enumerate(super().__iter__(), first):
            for faults in loaded.faults:
                if self._skip is None:
                    self.close()
                    raise data_error(fault for found in loaded.faults for fault in found)
                self._skip(faults)
            if loaded.batch is None and isinstance(self.batch_sampler, _SHARED):
                self._stood_in.add(number)
                yield self._stand_in(self.batch_sampler, loaded).numbered(number)
            else:
                yield loaded.numbered(number)

    def _stand_in(self, given: TrainingSampler | EvaluationSampler, empty: Loaded) -> Loaded:
        """Load the first batch of which something can be used.

        Raises:
            DataError: there is none.
        """
        for members in given.all_batches if isinstance(given, EvaluationSampler) else given:
            loaded = self.collate_fn([self.dataset[index] for index in members])
            if loaded.batch is not None:
                return replace(loaded, faults=())
        self.close()
        raise data_error(fault for faults in empty.faults for fault in faults)

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
            self._stood_in.clear()

    def stands_in(self, number: int) -> bool:
        """Whether a batch of the current evaluation does not count."""
        given = self.batch_sampler
        if number in self._stood_in:
            return True
        return isinstance(given, EvaluationSampler) and given.stands_in(number)

    def share(self, number: int, together: int, count: int) -> float:
        """Return by how much a batch of the current epoch counts; see `batch_share`.

        Args:
            number: batches that this process was given before in this epoch.
            together: batches, of all processes, that make one step.
            count: batches of the epoch that this process trains on.
        """
        if not isinstance(self.batch_sampler, TrainingSampler):
            return 1.0
        if number in self._stood_in:
            return 0.0
        return self.batch_sampler.share(number, together, count)


def evaluation_loader(
    dataset: TimedDataset,
    *,
    seconds: float,
    workers: int = 0,
    collate: Collate = collate,
    skip: Skip | None = None,
    rank: int = 0,
    world: int = 1,
) -> Loader:
    """Load every utterance once, in the same order each time.

    Args:
        dataset: what to read.
        seconds: what a padded batch may hold, above 0.
        workers: processes that read ahead, at least 0.
        collate: puts items side by side.
        skip: see `Loader`.
        rank: this process, in [0, world).
        world: number of processes that divide the batches; see `EvaluationSampler`.
    """
    part = EvaluationSampler(dataset.durations, seconds=seconds, rank=rank, world=world)
    batches = part if world > 1 else part.all_batches
    return Loader(dataset, batches, workers=workers, collate=collate, skip=skip)


def _end_with_parent(_: int) -> None:
    """Let a worker, which may be busy for ever, go when its process is killed (on Linux)."""
    _prctl_pr_set_pdeathsig(signal.SIGKILL)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
