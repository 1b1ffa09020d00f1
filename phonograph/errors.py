"""What can go wrong, as values and as exceptions.

A check returns `Diagnostic` values; only an edge (command line, public function) raises them:

    PhonographError           everything a user can mend
    ├── GraphError            the YAML graph: language, wiring, types, settings
    ├── DataError             manifests, audio files, transcripts
    ├── BundleError           checkpoints: `*.phono` and files to import
    └── MissingExtraError     an optional package is not installed
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Literal
from unicodedata import category

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_ALIKE = 0.7  # from 0 for nothing in common to 1 for equal names
_FEW, _MOST = 30, 3
_LONGEST_LINE = 200
# scripts such as Persian, and emoji, are written with the two joiners
_HARMLESS = "\t\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a text file; lines and columns count from 1.

    Args:
        file: the name the user gave, or a name such as `command line`.
        line: line number; 0 when the whole file is meant.
        column: first column; 0 when the whole line is meant.
        width: number of characters to underline, at least 1.
        source: the text of that line, without its end.
    """

    file: str
    line: int = 0
    column: int = 0
    width: int = 1
    source: str = ""

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.file, *numbers])


@dataclass(frozen=True, slots=True)
class Edit:
    """The one certain change of a file that mends a fault.

    Args:
        place: what is replaced; its `source` shows the line as it was.
        text: what stands there afterwards.
        action: `replace` the characters at the place; or, where the place is that of a key of a
            mapping, write the text as another key `before` it or `after` its value, or `delete` it
            with its value and its comma or line.
    """

    place: Place
    text: str = ""
    action: Literal["replace", "before", "after", "delete"] = "replace"

    def to_json(self) -> dict[str, object]:
        """Plain data for `--json` output."""
        return {
            "action": self.action,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "width": self.place.width,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: where it is, what it is, and how to mend it.

    As text, it has no control characters but tabs and the ends of its lines: what stands in a
    file that is not trusted must not steer the terminal. `to_json` keeps the characters.

    Args:
        code: stable code such as `PG030`.
        message: what is wrong, in one line.
        place: the line to change.
        label: a short remark under the underlined text.
        causes: the chain of facts that makes it wrong, each usually one line.
        help: what to write instead; further lines are shown below the first, as they are indented.
        fix: the change of the file that mends it, where only one is possible; not printed.

    >>> place = Place("a.yaml", 2, 6, 3, "mel: {x}")
    >>> print(Diagnostic("PG010", "unknown module", place, help="try y"))
    error[PG010]: unknown module
      --> a.yaml:2:6
       |
     2 | mel: {x}
       |      ^^^
       = help: try y
    """

    code: str
    message: str
    place: Place | None = None
    label: str = ""
    causes: tuple[str, ...] = ()
    help: str = ""
    fix: Edit | None = None

    def __str__(self) -> str:
        lines = [f"error[{self.code}]: {_visible(self.message)}"]
        gutter = "  "
        if self.place is not None:
            number = str(self.place.line)
            gutter = " " * (len(number) + 1)
            lines.append(f"{gutter}--> {_visible(str(self.place))}")
            if self.place.source:
                lines += self._excerpt(number, gutter)
        for cause in self.causes:
            lines += _aligned(f"{gutter} = ", cause)
        if self.help:
            lines += _aligned(f"{gutter} = help: ", self.help)
        return "\n".join(lines)

    def _excerpt(self, number: str, gutter: str) -> list[str]:
        place = self.place
        assert place is not None
        source, start = place.source, max(place.column - 1, 0)
        if len(source) > _LONGEST_LINE:  # of a very long line, what stands around the place
            first = max(0, min(start - _LONGEST_LINE // 4, len(source) - _LONGEST_LINE))
            last = first + _LONGEST_LINE
            source = f"{'…' * (first > 0)}{source[first:last]}{'…' * (last < len(source))}"
            start -= first - (first > 0)
        shown = [f"{gutter} |", f" {number} | {_visible(source)}"]
        if place.column:
            before, marked = source[:start], source[start : start + place.width]
            indent = " " * (start + _growth(before))
            width = min(place.width, max(len(source) - start, 1))
            underline = "^" * (width + _growth(marked))
            shown.append(f"{gutter} | {indent}{underline} {_visible(self.label)}".rstrip())
        return shown

    def to_json(self) -> dict[str, object]:
        """Plain data for `--json` output."""
        place = self.place
        return {
            "code": self.code,
            "message": self.message,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "label": self.label,
            "causes": list(self.causes),
            "help": self.help,
            "fix": self.fix.to_json() if self.fix else None,
        }


class PhonographError(Exception):
    """Something a user can mend, told by one or more diagnostics."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        if isinstance(diagnostics, Diagnostic):
            diagnostics = (diagnostics,)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("\n\n".join(map(str, self.diagnostics)))

    def __reduce__(self) -> tuple[type[PhonographError], tuple[tuple[Diagnostic, ...]]]:
        """Travel between processes with the diagnostics, not only their text."""
        return type(self), (self.diagnostics,)


class GraphError(PhonographError):
    """The YAML graph is at fault."""


class DataError(PhonographError):
    """A manifest, an audio file or a transcript is at fault."""


class BundleError(PhonographError):
    """A checkpoint or a file to import is at fault."""


class MissingExtraError(PhonographError):
    """An optional package is needed and not installed."""


def near_names(name: str, known: Sequence[str]) -> list[str]:
    """Return at most three known names that resemble a misspelt one, the most alike first.

    >>> near_names("n_mel", ["n_mels", "hop"])
    ['n_mels']
    >>> near_names("adam2", ["radam", "nadam", "adam", "adamw"])
    ['adam', 'adamw', 'radam']
    """
    if len(known) <= _FEW:
        close = get_close_matches(name, known, n=2 * _MOST, cutoff=_ALIKE)
        # where several are as alike, one that begins alike is rather meant
        close.sort(key=lambda one: (-_ratio(name, one), -_begin_alike(name, one)))
        return close[:_MOST]
    from rapidfuzz import fuzz, process  # compares thousands at once

    cutoff = 100 * _ALIKE
    found = process.extract(name, known, scorer=fuzz.ratio, limit=_MOST, score_cutoff=cutoff)
    return [match for match, *_ in found]


def _begin_alike(one: str, other: str) -> int:
    """Count the characters with which both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((k for k, (left, right) in pairs if left != right), min(len(one), len(other)))


def _ratio(name: str, known: str) -> float:
    return SequenceMatcher(None, known, name).ratio()


def nearest(name: str, known: Sequence[str]) -> str:
    """Say which known names resemble a misspelt one, or list them all when they are few.

    >>> nearest("asr.logmel", ["asr.log_mel", "asr.conformer"])
    'did you mean `asr.log_mel`?'
    >>> nearest("x", ["audio", "text"])
    'known are `audio`, `text`'
    """
    if close := near_names(name, known):
        *others, last = (f"`{match}`" for match in close)
        return f"did you mean {', '.join(others)}{' or ' * bool(others)}{last}?"
    if 0 < len(known) <= 12:
        return "known are " + ", ".join(f"`{match}`" for match in known)
    return ""


def _aligned(start: str, text: str) -> list[str]:
    """Put a text behind a start, its further lines below the first."""
    first, *more = text.split("\n")
    return [start + _visible(first), *(" " * len(start) + _visible(line) for line in more)]


def _visible(text: str) -> str:
    r"""Escape what a terminal would obey rather than show.

    >>> print(_visible("a\x1b]0;b"))
    a\x1b]0;b
    """
    return "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    if character in _HARMLESS or category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape").decode("ascii")


def _growth(text: str) -> int:
    return len(_visible(text)) - len(text)
