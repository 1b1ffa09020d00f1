"""What loading a batch gives: its utterances side by side, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch.utils.data import Dataset

from phonograph.errors import DataError, Diagnostic

Collate = Callable[[Sequence[Any]], Any]

Skip = Callable[[Sequence[Diagnostic]], None]
"""Told why an utterance is left out."""


class TimedDataset(Protocol):
    """Items of known duration."""

    @property
    def durations(self) -> Sequence[float]:
        """Seconds of each item."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A batch as it was loaded.

    Args:
        batch: the utterances that can be used, side by side; None where there is none.
        kept: their places among those that were asked for.
        faults: for each of the others what is wrong with it.
        number: of the batch in its pass, from 0.
    """

    batch: Any
    kept: tuple[int, ...]
    faults: tuple[tuple[Diagnostic, ...], ...] = ()
    number: int = 0

    def numbered(self, number: int) -> Loaded:
        """Return the same with a number."""
        return replace(self, number=number)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Stands for an item that cannot be read.

    torch would turn an error of a worker process into text; faults travel as values instead.

    Args:
        faults: what is wrong with it.
    """

    faults: tuple[Diagnostic, ...]


class FaultsAsValues(Dataset[Any]):
    """Items of a dataset, or why they cannot be read.

    Args:
        dataset: what to read.
    """

    def __init__(self, dataset: TimedDataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> Any:
        """Return an item, or an `Unusable`."""
        try:
            return self._dataset[index]
        except DataError as error:
            return Unusable(error.diagnostics)


@dataclass(frozen=True, slots=True)
class CollateUsable:
    """Puts those items side by side that can be used.

    Args:
        collate: does so.
    """

    collate: Collate

    def __call__(self, items: Sequence[Any]) -> Loaded:
        """Return the batch, and what is wrong with the other items."""
        kept = tuple(place for place, one in enumerate(items) if not isinstance(one, Unusable))
        faults = tuple(one.faults for one in items if isinstance(one, Unusable))
        batch = self.collate([items[place] for place in kept]) if kept else None
        return Loaded(batch, kept, faults)
