"""Batches of so many seconds and of like length: a pure function of seed and epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heapify, heapreplace
from itertools import cycle, islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RATIO = 1.2
"""A bucket may be closed once its shortest utterance is this much shorter than its longest."""

MIXED = 2
"""Batches a bucket holds at least, so that an utterance meets others in each epoch."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Utterances of like length.

    Args:
        members: indices of the utterances.
        batch: utterances in a batch, at least 1; only in the last bucket some are not full.
    """

    members: NDArray[np.int64]
    batch: int


def length_buckets(
    durations: Sequence[float] | NDArray[np.float64], seconds: float
) -> list[Bucket]:
    """Divide utterances by length, longest first, so that each bucket fills whole batches.

    Args:
        durations: seconds of each utterance, above 0.
        seconds: what the padded batch may hold at most, above 0.

    >>> [(b.members.tolist(), b.batch) for b in length_buckets([1, 4, 1, 4, 1, 1], seconds=4)]
    [([1, 3], 1), ([0, 2, 4, 5], 4)]
    """
    _require_budget(seconds)
    lengths = np.asarray(durations, dtype=np.float64)
    order = np.argsort(-lengths, kind="stable")
    buckets: list[Bucket] = []
    start = 0
    while start < len(order):
        longest = lengths[order[start]]
        batch = max(1, math.floor(seconds / longest))
        alike = int(np.searchsorted(-lengths[order], -longest / RATIO, side="right")) - start
        wanted = max(MIXED, math.ceil(alike / batch))
        stop = min(start + wanted * batch, len(order))
        buckets.append(Bucket(order[start:stop], batch))
        start = stop
    return buckets


def dealt_batches(
    durations: Sequence[float] | NDArray[np.float64],
    *,
    seconds: float,
    seed: int,
    epoch: int,
    unit: int = 1,
    count: int | None = None,
) -> list[list[int]]:
    """Deal the shuffled batches of an epoch, as many as a multiple of `unit`.

    Each utterance comes once. Where the batches are not as many as wanted, the fullest ones are
    split, each into two that follow each other; the others stay. Where all batches are of one
    utterance and still too few, some come again at the end: the batches from number
    `len(durations)` on are stand-ins, which `batch_share` gives no weight.

    Args:
        durations: seconds of each utterance.
        seconds: the padded length of a batch, times its utterances, stays within this; an
            utterance that is longer makes a batch of its own.
        seed: any number, 0 or more.
        epoch: counts from 0.
        unit: at least 1.
        count: exactly so many batches, a multiple of `unit`; those beyond are not dealt.

    >>> dealt_batches([1.0, 2.0, 3.0], seconds=6, seed=0, epoch=0)
    [[1], [0, 2]]
    >>> dealt_batches([1.0, 2.0, 3.0], seconds=6, seed=0, epoch=0, unit=3)
    [[1], [0], [2]]
    >>> dealt_batches([1.0, 2.0, 3.0], seconds=6, seed=0, epoch=0, unit=4)
    [[1], [0], [2], [1]]
    """
    random = np.random.default_rng([seed, epoch])
    batches: list[list[int]] = []
    for bucket in length_buckets(durations, seconds):
        shuffled = random.permutation(bucket.members)
        parts = math.ceil(len(shuffled) / bucket.batch)
        batches += [part.tolist() for part in np.array_split(shuffled, parts)]
    dealt = [batches[index] for index in random.permutation(len(batches))]
    even = count or math.ceil(len(dealt) / unit) * unit
    divided = _split_fullest(dealt, max(0, min(even, len(durations)) - len(dealt)))
    return list(islice(cycle(divided), even))


def _split_fullest(batches: list[list[int]], more: int) -> list[list[int]]:
    """Split batches until there are so many more; each utterance can be alone at last."""
    pieces = dict.fromkeys(range(len(batches)), 1)
    # negative fullness first; among equals the earliest batch
    queue = [(-len(batch), number) for number, batch in enumerate(batches)]
    heapify(queue)
    for _ in range(more):
        number = queue[0][1]
        pieces[number] += 1
        heapreplace(queue, (-math.ceil(len(batches[number]) / pieces[number]), number))
    split: list[list[int]] = []
    for number, batch in enumerate(batches):
        if pieces[number] == 1:
            split.append(batch)
        else:
            split += [part.tolist() for part in np.array_split(batch, pieces[number])]
    return split


def training_batches(
    durations: Sequence[float],
    *,
    seconds: float,
    seed: int,
    epoch: int,
    rank: int = 0,
    world: int = 1,
    multiple: int = 1,
) -> list[list[int]]:
    """Deal one rank's shuffled batches of an epoch.

    Each utterance comes once in an epoch, on one rank, and all ranks get the same number of
    batches; see `dealt_batches`. Rank r takes every world-th batch, so another number of ranks
    deals the same batches in the same order wherever their number divides.

    Args:
        durations: seconds of each utterance.
        seconds: see `dealt_batches`.
        seed: any number, 0 or more.
        epoch: counts from 0.
        rank: this process, in [0, world).
        world: number of processes.
        multiple: the batches of all ranks are as many as a multiple of this and of `world`.

    Returns:
        lists of indices into `durations`.

    >>> training_batches([1.0, 2.0, 3.0], seconds=6, seed=0, epoch=0, rank=1, world=2)
    [[0, 2]]
    """
    unit = math.lcm(world, multiple)
    dealt = dealt_batches(durations, seconds=seconds, seed=seed, epoch=epoch, unit=unit)
    return dealt[rank::world]


def batch_share(sizes: Sequence[int], number: int, *, together: int, utterances: int) -> float:
    """Return by how much the mean loss of a batch counts among those that make one step.

    The mean over processes of each mean loss times its share is the mean over utterances, so that
    the gradient is that of one joint batch. The shares of a step have the mean 1.

    Args:
        sizes: utterances in each batch of the epoch, over all processes.
        number: the batch, counted over all processes.
        together: batches that make one step; at the end of an epoch there may be fewer.
        utterances: of the epoch; batches from this number on are stand-ins and count 0.

    >>> [batch_share([3, 1], number, together=2, utterances=4) for number in (0, 1)]
    [1.5, 0.5]
    """
    if number >= utterances:
        return 0.0
    start = number // together * together
    stop = min(start + together, utterances)
    return together * sizes[number] / sum(sizes[start:stop])


def evaluation_batches(durations: Sequence[float], *, seconds: float) -> list[list[int]]:
    """Deal every utterance once, longest first, in the same order each time.

    There is no rank: `EvaluationSampler` divides these batches among several processes, so that
    the score does not depend on their number.

    Args:
        durations: seconds of each utterance.
        seconds: as in `training_batches`.

    >>> evaluation_batches([1.0, 2.0, 3.0], seconds=4)
    [[2], [1, 0]]
    """
    _require_budget(seconds)
    order = sorted(range(len(durations)), key=lambda index: -durations[index])
    batches: list[list[int]] = []
    for index in order:
        last = batches[-1] if batches else []
        if last and durations[last[0]] * (len(last) + 1) <= seconds:
            last.append(index)
        else:
            batches.append([index])
    return batches


def _require_budget(seconds: float) -> None:
    if not seconds > 0:
        raise ValueError(f"a batch needs more than {seconds} seconds")
