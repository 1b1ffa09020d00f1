"""Which utterances make the batches of an epoch, for one of several processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from phonograph.data.batching import batch_share, dealt_batches

Draw = Callable[[int, int], NDArray[np.int64]]
"""Seed and epoch -> which utterances come, some of them several times."""


class TrainingSampler(Sampler[list[int]]):
    """One rank's batches of the current epoch; see `training_batches`.

    Args:
        durations: seconds of each utterance.
        seconds: what a padded batch may hold.
        seed: any number, 0 or more.
        rank: this process.
        world: number of processes.
        multiple: see `training_batches`.
        draw: seed and epoch -> which utterances come; all of them once when left out.

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
        draw: Draw | None = None,
    ) -> None:
        self._durations = np.asarray(durations, np.float64)
        self._draw = draw
        self._seconds, self._seed, self._rank, self._world = seconds, seed, rank, world
        self._multiple = multiple
        self._sizes: tuple[int, list[int]] = (-1, [])
        self._number: int | None = None
        self._count = len(self.batches(0))
        self._number = self._count * world
        self.epoch = 0
        self.start = 0

    def batches(self, epoch: int) -> list[list[int]]:
        """The batches of any epoch."""
        return self._deal(epoch)[self._rank :: self._world]

    def share(self, number: int, together: int, count: int) -> float:
        """By how much a batch of this process counts; see `batch_share`.

        Args:
            number: the batch, in the current epoch of this process.
            together: batches, of all processes, that make one step.
            count: batches of the epoch that each process trains on.
        """
        if self._sizes[0] != self.epoch:
            self._deal(self.epoch)
        return batch_share(
            self._sizes[1][: count * self._world],
            number * self._world + self._rank,
            together=together,
            utterances=self._drawn,
        )

    def _deal(self, epoch: int) -> list[list[int]]:
        """Deal the batches of all processes."""
        drawn = None if self._draw is None else self._draw(self._seed, epoch)
        durations = self._durations if drawn is None else self._durations[drawn]
        self._drawn = len(durations)
        dealt = dealt_batches(
            durations,
            seconds=self._seconds,
            seed=self._seed,
            epoch=epoch,
            unit=math.lcm(self._world, self._multiple),
            count=self._number,
        )
        if drawn is not None:
            dealt = [drawn[batch].tolist() for batch in dealt]
        self._sizes = (epoch, [len(batch) for batch in dealt])
        return dealt

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches(self.epoch)[self.start :])

    def __len__(self) -> int:
        return self._count
