"""What the best validation heard, kept in the run directory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from phonograph.training.evaluate import ScoredUtterance
from phonograph.whole_file import write_whole


def write_heard(file: Path, utterances: Iterable[ScoredUtterance]) -> None:
    """Write a JSON line for each utterance: id, reference, hypothesis."""
    lines = (json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in utterances)
    write_whole(file, "".join(lines))


def read_heard(file: Path) -> tuple[ScoredUtterance, ...]:
    """Read what was written; nothing where that cannot be read.

    >>> read_heard(Path("nowhere.jsonl"))
    ()
    """
    try:
        # not `splitlines`: a text may hold other line ends, such as U+2028
        lines = file.read_text(encoding="utf-8").split("\n")
        return tuple(ScoredUtterance(**json.loads(line)) for line in lines if line)
    except (OSError, ValueError, TypeError):
        return ()
