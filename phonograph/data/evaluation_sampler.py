"""Which utterances make the batches of an evaluation, for one of several processes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from torch.utils.data import Sampler

from phonograph.data.batching import evaluation_batches


class EvaluationSampler(Sampler[list[int]]):
    """One process's part of the batches that one process alone would evaluate.

    Process r takes every world-th batch. All take as many: where the batches do not divide evenly,
    the last one comes again on some processes, as a stand-in that does not count. So what is
    gathered from all processes is what one process finds, batch by batch.

    Args:
        durations: seconds of each utterance.
        seconds: what a padded batch may hold, above 0.
        rank: this process, in [0, world).
        world: number of processes.

    >>> parts = [EvaluationSampler([4, 3, 2], seconds=4, rank=rank, world=2) for rank in (0, 1)]
    >>> [list(part) for part in parts], parts[1].stands_in(1)
    ([[[0], [2]], [[1], [2]]], True)
    """

    def __init__(
        self, durations: Sequence[float], *, seconds: float, rank: int = 0, world: int = 1
    ) -> None:
        self.all_batches = evaluation_batches(durations, seconds=seconds)
        self._rank, self._world = rank, world

    def stands_in(self, number: int) -> bool:
        """Whether a batch of this process is there only so that all processes take as many."""
        return number * self._world + self._rank >= len(self.all_batches)

    def __iter__(self) -> Iterator[list[int]]:
        last = len(self.all_batches) - 1
        numbers = range(self._rank, len(self) * self._world, self._world)
        return (self.all_batches[min(number, last)] for number in numbers)

    def __len__(self) -> int:
        return math.ceil(len(self.all_batches) / self._world)
