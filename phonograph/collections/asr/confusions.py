"""Which words or characters are taken for which, commonest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from phonograph.collections.asr.word_errors import Edit, Op

Counted = tuple[tuple[Edit, int], ...]
"""Edits and how often they occur, commonest first."""


@dataclass(frozen=True, slots=True)
class Confusions:
    """The commonest edits of each kind.

    Args:
        substitutions: one taken for another.
        deletions: said and not heard.
        insertions: heard and not said.
    """

    substitutions: Counted
    deletions: Counted
    insertions: Counted

    def to_json(self) -> dict[str, object]:
        """Return plain data."""
        return {
            "substitutions": [
                {"reference": edit.ref, "hypothesis": edit.hyp, "count": times}
                for edit, times in self.substitutions
            ],
            "deletions": [{"reference": e.ref, "count": times} for e, times in self.deletions],
            "insertions": [{"hypothesis": e.hyp, "count": times} for e, times in self.insertions],
        }


def confusions_of(alignments: Iterable[Iterable[Edit]], limit: int = 10) -> Confusions:
    """Count the edits of many alignments.

    Args:
        alignments: one for each utterance.
        limit: how many of a kind are kept, at least 0.

    >>> confusions_of([[Edit("delete", "a", "")], [Edit("delete", "a", "")]]).deletions
    ((Edit(op='delete', ref='a', hyp=''), 2),)
    """
    counts = Counter(edit for edits in alignments for edit in edits)
    return Confusions(
        _top(counts, "substitute", limit),
        _top(counts, "delete", limit),
        _top(counts, "insert", limit),
    )


def _top(counts: Counter[Edit], op: Op, limit: int) -> Counted:
    found = [item for item in counts.items() if item[0].op == op]
    return tuple(sorted(found, key=lambda item: (-item[1], item[0]))[:limit])
