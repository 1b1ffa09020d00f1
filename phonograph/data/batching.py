"""Batches of so many seconds and of like length: a pure function of seed and epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass
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


def length_buckets(durations: Sequence[float], seconds: float) -> list[Bucket]:
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

    Each utterance comes once in an epoch, on one rank. All ranks get the same number of batches,
    the same in every epoch; where the batches do not divide evenly, the first ones of the epoch
    come a second time. Rank r takes every world-th batch, so another number of ranks deals the
    same batches in the same order.

    Args:
        durations: seconds of each utterance.
        seconds: the padded length of a batch, times its utterances, stays within this; an
            utterance that is longer makes a batch of its own.
        seed: any number, 0 or more.
        epoch: counts from 0.
        rank: this process, in [0, world).
        world: number of processes.
        multiple: the batches of all ranks are as many as a multiple of this and of `world`.

    Returns:
        lists of indices into `durations`.

    >>> training_batches([1.0, 2.0, 3.0], seconds=6, seed=0, epoch=0)
    [[1], [0, 2]]
    """
    random = np.random.default_rng([seed, epoch])
    batches: list[list[int]] = []
    for bucket in length_buckets(durations, seconds):
        shuffled = random.permutation(bucket.members)
        parts = math.ceil(len(shuffled) / bucket.batch)
        batches += [part.tolist() for part in np.array_split(shuffled, parts)]
    dealt = [batches[index] for index in random.permutation(len(batches))]
    unit = math.lcm(world, multiple)
    even = math.ceil(len(dealt) / unit) * unit
    return list(islice(cycle(dealt), even))[rank::world]


def evaluation_batches(durations: Sequence[float], *, seconds: float) -> list[list[int]]:
    """Deal every utterance once, longest first, in the same order each time.

    There is no rank: on several ranks each one evaluates everything, so that no utterance is
    counted twice and every rank knows the true score.

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
