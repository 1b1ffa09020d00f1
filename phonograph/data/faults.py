"""The codes of everything that can be wrong with speech data, and the one error that tells them."""

from __future__ import annotations

import json
import tempfile
import weakref
from collections import Counter
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from phonograph.counted import counted
from phonograph.errors import DataError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CODES: Mapping[str, str] = MappingProxyType(
    {
        "PD000": "more faults were found than are shown",
        "PD001": "a manifest cannot be read",
        "PD002": "a manifest has no utterances",
        "PD003": "a line of a manifest is not a JSON object",
        "PD004": "a key is missing in a line of a manifest",
        "PD005": "a value in a manifest has the wrong type or range",
        "PD006": "an audio file does not exist or cannot be opened",
        "PD007": "two utterances of a manifest have the same id",
        "PD010": "an audio file is broken, or in a format that cannot be read",
        "PD011": "a recording has the wrong sample rate or number of channels",
        "PD012": "a recording holds no sound",
        "PD013": "a recording is shorter or longer than its manifest says",
        "PD014": "a recording has samples that are not numbers",
        "PD015": "a manifest changed while it was in use",
        "PD020": "a transcript has characters that the tokenizer does not know",
        "PD043": "a recording is silence",
        "PD051": "a folder has no recordings with texts",
        "PD060": "there is no noise to add",
        "PD065": "there is no text to learn pieces from",
        "PD066": "a file of texts is not in UTF-8",
        "PD067": "texts do not give so many pieces",
        "PD068": "a tokenizer's model would be overwritten",
        "PD069": "a tokenizer's model cannot be read",
    }
)
"""Stable codes; a code is never given a second meaning."""

SHOWN = 20


class Faults:
    """Faults as they are found: the first 20 are kept in memory, the others counted by code.

    Args:
        every: whether the others are kept, too, in a temporary file that no copy and no other
            process has.

    Attributes:
        first: those that are kept in memory.
        counts: code -> how many.

    >>> faults = Faults(every=True)
    >>> for number in range(23):
    ...     faults.add(Diagnostic("PD012", f"file {number}"))
    >>> [one["message"] for one in faults.every()][-2:]
    ['file 21', 'file 22']
    """

    def __init__(self, *, every: bool = False) -> None:
        self.first: list[Diagnostic] = []
        self.counts: Counter[str] = Counter()
        self._keeps = every
        self._others: IO[str] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the file behind: another process cannot have it."""
        return {**self.__dict__, "_others": None}

    def __len__(self) -> int:
        return self.counts.total()

    def add(self, fault: Diagnostic) -> None:
        """Take in a fault."""
        self.counts[fault.code] += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)
        elif self._keeps:
            if self._others is None:
                self._others = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115
                weakref.finalize(self, self._others.close)
            self._others.write(json.dumps(fault.to_json()) + "\n")

    def every(self) -> Iterator[dict[str, Any]]:
        """Give all that are kept as plain data, one at a time."""
        yield from (fault.to_json() for fault in self.first)
        if self._others is not None:
            self._others.seek(0)
            yield from map(json.loads, self._others)

    def listed(self) -> list[Diagnostic]:
        """Return the first ones, and what the others are."""
        others = self.counts - Counter(fault.code for fault in self.first)
        if not others:
            return self.first
        told = ", ".join(f"{count} x {code}" for code, count in sorted(others.items()))
        more = Diagnostic("PD000", f"{counted(others.total(), 'more fault')}: {told}")
        return [*self.first, more]


def data_error(faults: Iterable[Diagnostic]) -> DataError:
    """Make one error of many faults: the first 20 are kept, the others are counted by code.

    Args:
        faults: at least one diagnostic.

    >>> print(data_error([Diagnostic("PD012", f"file {n}") for n in range(23)]).diagnostics[-1])
    error[PD000]: 3 more faults: 3 x PD012
    """
    found = Faults()
    for fault in faults:
        found.add(fault)
    return DataError(found.listed())
