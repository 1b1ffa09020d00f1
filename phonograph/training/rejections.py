"""Utterances that a loss could not use: each is named once, in the run directory and aloud."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from phonograph.graphs.spec import PortName


class Rejections:
    """Keeps a file of rejected utterances; several processes may write the same file.

    Args:
        file: JSON lines, one for each utterance and port.
        say: told once about each utterance.
    """

    def __init__(self, file: Path, say: Callable[[str], None]) -> None:
        self._file = file
        self._say = say
        self._known: set[tuple[str, str]] = set()

    def note(
        self, split: str, ids: Sequence[str], rejected: Mapping[PortName, Tensor], *, step: int
    ) -> None:
        """Record the utterances of a batch that were left out.

        Args:
            split: which part of the data the batch is from.
            ids: names of the utterances; may be empty where the data has no names.
            rejected: port -> which utterances it left out, bool [B].
            step: steps of the optimizer done.
        """
        for port, left_out in rejected.items():
            rows = left_out.nonzero().flatten().tolist()
            names = [ids[row] if ids else f"row {row} of step {step}" for row in rows]
            fresh = [name for name in names if (str(port), name) not in self._known]
            for name in fresh:
                self._known.add((str(port), name))
                self._write({"id": name, "split": split, "port": str(port), "step": step})
                self._say(f"warning: `{port}` leaves out utterance `{name}` of {split}")

    def _write(self, line: Mapping[str, object]) -> None:
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def rejected_ids(file: Path) -> tuple[str, ...]:
    """Read the names of all utterances that were ever left out, sorted."""
    if not file.exists():
        return ()
    with file.open(encoding="utf-8") as lines:  # other characters of ids may end lines elsewhere
        return tuple(sorted({str(json.loads(line)["id"]) for line in lines}))
