"""Utterances that are left out because they cannot be read: each is noted once, a few aloud."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from phonograph.data.faults import Faults
from phonograph.errors import Diagnostic

_ALOUD = 3
"""Utterances of a split that are told of; all are in the file."""


class Skipped:
    """Keeps a file of what was left out; several processes may write the same file.

    Args:
        file: JSON lines, one for each fault; None keeps none.
        say: told of the first ones, and how many lines of a manifest are left out; None for nobody.
    """

    def __init__(self, file: Path | None, say: Callable[[str], None] | None) -> None:
        self._file = file
        self._tell = say
        self._known: set[str] = set()
        self.counts: Counter[str] = Counter()

    def lines(self, split: str, left_out: Sequence[Faults]) -> None:
        """Say how many lines of a split's manifests are left out, and why."""
        for faults in left_out:
            if not faults:
                continue
            why = ", ".join(f"{count} x {code}" for code, count in sorted(faults.counts.items()))
            noun = "line" if len(faults) == 1 else "lines"
            self._say(f"left out: {len(faults)} {noun} of {split} ({why}), such as:")
            for fault in faults.first[:_ALOUD]:
                self._say(f"  {_short(fault)}")
            self.counts[split] += len(faults)
            self._write(split, faults.every())

    def note(self, split: str, faults: Sequence[Diagnostic]) -> None:
        """Note why an utterance is left out of its batch, once."""
        fresh = [fault for fault in faults if _short(fault) not in self._known]
        if not fresh:
            return
        self._known.update(_short(fault) for fault in fresh)
        self.counts[split] += 1
        if self.counts[split] <= _ALOUD:
            self._say(f"left out of {split}: {_short(fresh[0])}")
        self._write(split, (fault.to_json() for fault in fresh))

    def _say(self, line: str) -> None:
        if self._tell is not None:
            self._tell(line)

    def _write(self, split: str, faults: Iterable[Mapping[str, object]]) -> None:
        if self._file is None:
            return
        with self._file.open("a", encoding="utf-8") as stream:
            for fault in faults:
                stream.write(json.dumps({"split": split, **fault}, ensure_ascii=False) + "\n")


def _short(fault: Diagnostic) -> str:
    place = f"{fault.place.file}:{fault.place.line}: " if fault.place else ""
    return f"{place}{fault.message} ({fault.code})"
