"""Word and character error rates: the edits that turn what was said into what was heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

Op = Literal["equal", "substitute", "insert", "delete"]

Column = tuple[str, str, str]
"""A word as said, as heard, and its mark, padded to one width."""

_MARGIN = " " * 8

_OPS: dict[str, Op] = {
    "equal": "equal",
    "replace": "substitute",
    "insert": "insert",
    "delete": "delete",
}


class Edit(NamedTuple):
    """One step of an alignment; an inserted word has no `ref`, a deleted one no `hyp`."""

    op: Op
    ref: str
    hyp: str


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Errors against references; counts of several utterances can be added.

    Args:
        substitutions: words heard as another word.
        insertions: words heard that were not said.
        deletions: words said that were not heard.
        reference: words said.

    >>> (ErrorCounts(1, 0, 0, 3) + ErrorCounts(0, 0, 1, 5)).rate
    0.25
    """

    substitutions: int = 0
    insertions: int = 0
    deletions: int = 0
    reference: int = 0

    @property
    def errors(self) -> int:
        """Substitutions, insertions and deletions together."""
        return self.substitutions + self.insertions + self.deletions

    @property
    def rate(self) -> float:
        """Errors per reference word, at least 0; may exceed 1.

        Where there are no reference words at all, each inserted word counts as an error of rate 1,
        so the rate is always finite.
        """
        return self.errors / max(self.reference, 1)

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(
            self.substitutions + other.substitutions,
            self.insertions + other.insertions,
            self.deletions + other.deletions,
            self.reference + other.reference,
        )

    def to_json(self) -> dict[str, float]:
        """Return plain data."""
        return {
            "rate": self.rate,
            "substitutions": self.substitutions,
            "insertions": self.insertions,
            "deletions": self.deletions,
            "reference": self.reference,
        }


def align_words(reference: str, hypothesis: str) -> list[Edit]:
    """Align two texts word by word with as few edits as possible.

    >>> align_words("press one now", "press on")[1:]
    [Edit(op='substitute', ref='one', hyp='on'), Edit(op='delete', ref='now', hyp='')]
    """
    return _align(reference.split(), hypothesis.split())


def align_characters(reference: str, hypothesis: str) -> list[Edit]:
    """Align two texts character by character; white space counts as one space between words."""
    return _align(" ".join(reference.split()), " ".join(hypothesis.split()))


def count(edits: Iterable[Edit]) -> ErrorCounts:
    """Count the edits of an alignment."""
    ops = Counter(edit.op for edit in edits)
    said = ops["equal"] + ops["substitute"] + ops["delete"]
    return ErrorCounts(ops["substitute"], ops["insert"], ops["delete"], said)


def word_errors(references: Sequence[str], hypotheses: Sequence[str]) -> ErrorCounts:
    """Count word errors over a set of utterances.

    Raises:
        ValueError: there are not as many hypotheses as references.

    >>> word_errors(["press one", "yes"], ["press one", "yes yes"]).rate
    0.3333333333333333
    """
    pairs = zip(references, hypotheses, strict=True)
    return sum((count(align_words(ref, hyp)) for ref, hyp in pairs), ErrorCounts())


def character_errors(references: Sequence[str], hypotheses: Sequence[str]) -> ErrorCounts:
    """Count character errors over a set of utterances; spaces between words are characters.

    Raises:
        ValueError: there are not as many hypotheses as references.

    >>> character_errors(["one"], ["on"]).deletions
    1
    """
    pairs = zip(references, hypotheses, strict=True)
    return sum((count(align_characters(ref, hyp)) for ref, hyp in pairs), ErrorCounts())


def top_confusions(
    references: Sequence[str], hypotheses: Sequence[str], limit: int = 10
) -> list[tuple[Edit, int]]:
    """Return the commonest word edits and how often they occur, commonest first.

    Raises:
        ValueError: there are not as many hypotheses as references.

    >>> top_confusions(["one", "one two"], ["on", "on two"])
    [(Edit(op='substitute', ref='one', hyp='on'), 2)]
    """
    pairs = zip(references, hypotheses, strict=True)
    edits = (edit for ref, hyp in pairs for edit in align_words(ref, hyp) if edit.op != "equal")
    ranked = sorted(Counter(edits).items(), key=lambda item: (-item[1], item[0]))
    return ranked[:limit]


def aligned_text(reference: str, hypothesis: str, width: int = 100) -> str:
    """Write two texts under each other, errors in capitals and gaps as stars, as NIST sclite does.

    The third line marks substitutions, insertions and deletions; without errors there is none.
    Long texts go on in further groups of lines.

    Args:
        reference: what was said.
        hypothesis: what was heard.
        width: characters in a line, as far as single words allow.

    >>> print(aligned_text("please press one now", "please dress one"))
    said:   please PRESS one NOW
    heard:  please DRESS one ***
                   S         D
    """
    columns = [_column(edit) for edit in align_words(reference, hypothesis)]
    return "\n".join(_group(group) for group in _groups(columns, width - len(_MARGIN)))


def _groups(columns: list[Column], width: int) -> list[list[Column]]:
    groups: list[list[Column]] = [[]]
    used = 0
    for column in columns:
        needed = max(map(len, column)) + 1
        if groups[-1] and used + needed > width:
            groups.append([])
            used = 0
        groups[-1].append(column)
        used += needed
    return groups


def _group(columns: list[Column]) -> str:
    rows = [" ".join(cells) for cells in zip(*columns, strict=True)] or ["", "", ""]
    lines = zip(("said:   ", "heard:  ", _MARGIN), rows, strict=True)
    return "\n".join(line for line in (f"{name}{row}".rstrip() for name, row in lines) if line)


def _align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Edit]:
    edits: list[Edit] = []
    for step in Levenshtein.opcodes(reference, hypothesis):
        said = reference[step.src_start : step.src_end]
        heard = hypothesis[step.dest_start : step.dest_end]
        span = range(max(len(said), len(heard)))
        op = _OPS[step.tag]
        edits += (Edit(op, said[i] if said else "", heard[i] if heard else "") for i in span)
    return edits


def _column(edit: Edit) -> Column:
    width = max(len(edit.ref), len(edit.hyp))
    if edit.op == "equal":
        return edit.ref, edit.hyp, " " * width
    said, heard = (word.upper().ljust(width) if word else "*" * width for word in edit[1:])
    return said, heard, edit.op[0].upper().ljust(width)
