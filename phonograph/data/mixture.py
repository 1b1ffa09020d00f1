"""Several manifests as one, each as often as it weighs."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from phonograph.data.faults import Faults
from phonograph.data.manifest_index import ManifestIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from phonograph.data.manifest import Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedManifest:
    """A manifest and how often its utterances come.

    Args:
        manifest: JSON lines.
        weight: times that an utterance comes in an epoch, above 0; with 2.5, each comes twice and
            every other one a third time, drawn anew for each epoch.

    Raises:
        ValueError: the weight is not above 0, or above 1000.
    """

    manifest: Path | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1000:
            raise ValueError("`weight` must be above 0 and at most 1000")


class Mixture(Sequence["Utterance"]):
    """The utterances of several manifests, one after the other.

    Args:
        parts: the manifests, at least one.
        weights: of each, above 0.
    """

    def __init__(self, parts: Sequence[ManifestIndex], weights: Sequence[float]) -> None:
        self._parts, self._weights = parts, weights
        self._ends = list(accumulate(len(part) for part in parts))
        self.durations = array("d")
        for part in parts:
            self.durations.extend(part.durations)

    @property
    def left_out(self) -> tuple[Faults, ...]:
        """What is wrong with lines that are not among them, by manifest."""
        return tuple(part.left_out for part in self._parts)

    def __len__(self) -> int:
        return self._ends[-1]

    @overload
    def __getitem__(self, index: int) -> Utterance: ...
    @overload
    def __getitem__(self, index: slice) -> list[Utterance]: ...
    def __getitem__(self, index: int | slice) -> Utterance | list[Utterance]:
        """Return an utterance.

        Raises:
            DataError: its manifest has changed since it was first read.
        """
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        index = range(len(self))[index]  # counts from the end where it is below 0
        part = bisect_right(self._ends, index)
        return self._parts[part][index - (self._ends[part] - len(self._parts[part]))]

    def draw(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """Return which utterances come in an epoch, some of them several times.

        Of each manifest as many come in every epoch.

        Args:
            seed: any number, 0 or more.
            epoch: counts from 0.
        """
        drawn = []
        for number, (part, weight) in enumerate(zip(self._parts, self._weights, strict=True)):
            first = self._ends[number] - len(part)
            whole, rest = divmod(weight, 1)
            random = np.random.default_rng([seed, epoch, number])
            some = random.permutation(len(part))[: math.floor(rest * len(part) + 0.5)]
            drawn += [first + np.arange(len(part))] * int(whole) + [first + np.sort(some)]
        return np.concatenate(drawn)
