"""A manifest in little memory: where its lines begin; each is read again when it is wanted."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from phonograph.data.faults import Faults
from phonograph.data.manifest import FORM, Line, Utterance, lines_of, no_manifest, parse, same_id
from phonograph.errors import DataError, Diagnostic, Place

if TYPE_CHECKING:
    from pathlib import Path


OnBad = Literal["stop", "skip"]
"""What becomes of utterances that cannot be used: an error, or they are left out."""

Check = Callable[[Utterance], Diagnostic | None]


class ManifestIndex(Sequence[Utterance]):
    """The utterances of a manifest, at some 24 bytes of memory each.

    Args:
        path: the manifest.
        starts: byte at which the line of each utterance begins.
        numbers: its line, from 1.
        durations: seconds of each utterance.
        left_out: what is wrong with the lines that are not among them.
    """

    def __init__(
        self,
        path: Path,
        starts: Sequence[int],
        numbers: Sequence[int],
        durations: Sequence[float],
        left_out: Faults,
    ) -> None:
        self.path, self.durations, self.left_out = path, durations, left_out
        self._starts, self._numbers = starts, numbers
        self._stamp = _stamp(path.stat())

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> Utterance: ...
    @overload
    def __getitem__(self, index: slice) -> list[Utterance]: ...
    def __getitem__(self, index: int | slice) -> Utterance | list[Utterance]:
        """Read the line of an utterance again.

        Raises:
            DataError: the file has changed since it was first read.
        """
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        start, number = self._starts[index], self._numbers[index]
        try:
            with self.path.open("rb") as stream:
                if _stamp(os.fstat(stream.fileno())) != self._stamp:
                    raise DataError(self._changed())
                stream.seek(start)
                line = Line(self.path, number, start, stream.readline())
        except OSError:
            raise DataError(self._changed()) from None
        found, faults = parse(line)
        if found is None:
            raise DataError(faults)
        return found

    def _changed(self) -> Diagnostic:
        help = "start again; a manifest has to stay as it is while it is used"
        message = "the manifest has changed since it was first read"
        return Diagnostic("PD015", message, Place(str(self.path)), help=help)


def read_manifest(
    path: Path, *, check: Check | None = None, on_bad: OnBad = "stop"
) -> ManifestIndex:
    """Read a manifest: one JSON object a line, in the form that NeMo uses.

    Each object has `audio_filepath` (relative to the manifest's folder), `duration` in seconds
    and `text`; it may have `offset` in seconds and `id`. Other keys are left alone. Without
    `id`, the path without its ending is the id, followed by `@offset` where that is given.

    Args:
        path: the manifest.
        check: says what is wrong with an utterance, or nothing.
        on_bad: whether lines at fault stop the reading, or are left out and counted.

    Raises:
        DataError: the faults of the file, each with its line; nothing is left of it.

    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "yes.wav").touch()
    >>> line = '{"audio_filepath": "yes.wav", "duration": 1.5, "text": "Yes."}'
    >>> _ = (folder / "train.jsonl").write_text(line)
    >>> [(u.id, u.duration, u.text) for u in read_manifest(folder / "train.jsonl")]
    [('yes', 1.5, 'Yes.')]
    """
    reading = _Reading(path, Faults(every=on_bad == "skip"))
    reading.read(check)
    faults, index = reading.faults, reading.index()
    if not faults and not index:
        raise DataError(Diagnostic("PD002", "the manifest is empty", Place(str(path)), help=FORM))
    if len(faults) > 1 and not index and set(faults.counts) == {"PD003"}:
        raise DataError(no_manifest(path, len(faults)))
    if faults and (on_bad == "stop" or not index):
        raise DataError(faults.listed())
    return index


class _Reading:
    """One pass over a manifest."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self.faults = faults
        self._path = path
        self._starts, self._numbers, self._ids = array("q"), array("q"), array("Q")
        self._durations, self._good = array("d"), bytearray()

    def read(self, check: Check | None) -> None:
        """Read every line, then look for ids that came twice."""
        for line in lines_of(self._path):
            found, wrong = parse(line)
            if found is not None and not wrong and check is not None:
                fault = check(found)
                wrong = [] if fault is None else [fault]
            for fault in wrong:
                self.faults.add(fault)
            if found is not None:
                self._starts.append(line.start)
                self._numbers.append(line.number)
                self._ids.append(_digest(found.id))
                self._durations.append(found.duration)
                self._good.append(not wrong)
        self._find_twins()
        self.faults.first.sort(key=lambda fault: fault.place.line if fault.place else 0)

    def index(self) -> ManifestIndex:
        """Return what was read and is good."""
        good = np.frombuffer(self._good, np.bool_)
        starts, numbers, durations = (
            array(column.typecode, np.asarray(column)[good].tobytes())
            for column in (self._starts, self._numbers, self._durations)
        )
        return ManifestIndex(self._path, starts, numbers, durations, self.faults)

    def _find_twins(self) -> None:
        """Tell of ids that were there before; equal digests are only a reason to look."""
        digests = np.asarray(self._ids)
        _, inverse, counts = np.unique(digests, return_inverse=True, return_counts=True)
        suspects = np.flatnonzero(counts[inverse] > 1)
        first: dict[str, int] = {}
        with self._path.open("rb") as stream:
            for position in suspects.tolist():
                stream.seek(self._starts[position])
                number = self._numbers[position]
                line = Line(self._path, number, self._starts[position], stream.readline())
                found, _ = parse(line)
                if found is not None and first.setdefault(found.id, number) != number:
                    self.faults.add(same_id(line, found.id, first[found.id]))
                    self._good[position] = False


def _digest(text: str) -> int:
    # not hash(): that of one process is not that of another, and runs have to be alike
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
