"""Manifests: JSON lines that name recordings and what is said in them."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from phonograph.errors import DataError, Diagnostic, Place, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LONGEST_EXCERPT = 160
"""Characters; a longer line of a manifest is named in a message, not shown."""

FORM = 'write one JSON object a line: {"audio_filepath": ..., "duration": ..., "text": ...}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One line of a manifest.

    Args:
        id: unique in its manifest.
        audio: the recording.
        duration: seconds, above 0.
        text: the transcript as written.
        offset: second in the recording at which the utterance starts; None when the
            utterance is the whole recording, whose length then has to agree with `duration`.
        manifest: the file that names the utterance.
        line: its line there, from 1.
    """

    id: str
    audio: Path
    duration: float
    text: str
    offset: float | None = None
    manifest: Path
    line: int

    @property
    def place(self) -> Place:
        """The line of the manifest, for messages."""
        return Place(str(self.manifest), self.line)


@dataclass(frozen=True, slots=True)
class _Key:
    valid: Callable[[object], bool]
    wanted: str
    required: bool = True


def parse_lines(path: Path) -> Iterator[tuple[Utterance | None, list[Diagnostic], bytes]]:
    """Give for each line that is not blank its utterance, what is wrong with it, and its bytes.

    Raises:
        DataError: the file cannot be read.
    """
    lines_by_id: dict[str, int] = {}
    for line in lines_of(path):
        found, wrong = parse(line)
        if found is not None:
            first = lines_by_id.setdefault(found.id, found.line)
            if first != found.line:
                wrong = [*wrong, same_id(line, found.id, first)]
        yield found, wrong, line.raw


def no_manifest(path: Path, lines: int) -> Diagnostic:
    """Say once what every line would say of a graph or a recording taken for a manifest."""
    message = f"not a manifest: none of its {lines:,} lines is a JSON object"
    return Diagnostic("PD003", message, Place(str(path)), help=FORM)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a manifest as it is in the file.

    Args:
        manifest: the file.
        number: from 1.
        start: byte of the file at which it begins.
        raw: its bytes.
    """

    manifest: Path
    number: int
    start: int
    raw: bytes

    @property
    def text(self) -> str:
        """What it says, without its end."""
        return self.raw.decode("utf-8-sig" if self.number == 1 else "utf-8").rstrip("\r\n")

    def fault(
        self, code: str, message: str, help_: str, column: int = 0, width: int = 1
    ) -> Diagnostic:
        """Say what is wrong with the line."""
        source = self.raw.decode("utf-8-sig", errors="replace").rstrip("\r\n")
        if len(source) > LONGEST_EXCERPT or not source.isprintable():
            source = ""
        place = Place(str(self.manifest), self.number, column, width, source)
        return Diagnostic(code, message, place, help=help_)

    def key_fault(self, code: str, key: str, message: str, help_: str) -> Diagnostic:
        """Say what is wrong with the value of a key."""
        found = re.search(rf'"{key}"\s*:', self.text)
        if found is None:
            return self.fault(code, message, help_)
        return self.fault(code, message, help_, found.start() + 1, len(key) + 2)


def lines_of(path: Path) -> Iterator[Line]:
    """Give the lines of a manifest that are not blank.

    Raises:
        DataError: the file cannot be read.
    """
    start = 0
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, 1):
                if raw.strip():
                    yield Line(path, number, start, raw)
                start += len(raw)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        help_ = "check the path; a relative path starts at the folder of the file that wrote it"
        fault = Diagnostic(
            "PD001", f"cannot read the manifest: {reason}", Place(str(path)), help=help_
        )
        raise DataError(fault) from error


def parse(line: Line) -> tuple[Utterance | None, list[Diagnostic]]:
    """Read a line; return its utterance, if it is one, and what is wrong with it."""
    entry = _json_object(line)
    if isinstance(entry, Diagnostic):
        return None, [entry]
    faults = [fault for name, key in _KEYS.items() if (fault := _key_fault(line, entry, name, key))]
    if faults:
        return None, faults
    written = str(entry["audio_filepath"])
    # joined as text, which is several times as fast: there may be a million lines
    audio = os.path.join(os.path.dirname(line.manifest), written)  # noqa: PTH118, PTH120
    if not os.path.isfile(audio):  # noqa: PTH113 - Path.is_file raises on a name too long
        help_ = f"`audio_filepath` is relative to the manifest's folder `{line.manifest.parent}`"
        message = f"audio file `{audio}` does not exist"
        faults = [line.key_fault("PD006", "audio_filepath", message, help_)]
    offset = _number(entry["offset"]) if "offset" in entry else None
    utterance = Utterance(
        id=str(entry["id"]) if "id" in entry else _default_id(written, line.manifest, offset),
        audio=Path(audio),
        duration=_number(entry["duration"]),
        text=str(entry["text"]),
        offset=offset,
        manifest=line.manifest,
        line=line.number,
    )
    return utterance, faults


def _json_object(line: Line) -> Mapping[str, object] | Diagnostic:
    try:
        entry = json.loads(line.text)
    except UnicodeDecodeError as error:
        return line.fault("PD003", f"byte {error.start + 1} is not UTF-8", "save the file as UTF-8")
    except json.JSONDecodeError as error:
        return line.fault("PD003", f"not JSON: {error.msg}", FORM, error.colno)
    except (ValueError, RecursionError) as error:
        return line.fault("PD003", f"not JSON: {error}", FORM)
    if not isinstance(entry, dict):
        return line.fault("PD003", "a JSON object is needed", FORM)
    return entry


def _key_fault(line: Line, entry: Mapping[str, object], name: str, key: _Key) -> Diagnostic | None:
    if name not in entry:
        if not key.required:
            return None
        strangers = [known for known in entry if known not in _KEYS]
        resembling = nearest(name, strangers) if strangers else ""
        help_ = f"add `{name}`, {key.wanted}"
        if resembling.startswith("did you mean"):
            help_ += f"; is it {resembling.removeprefix('did you mean ')}"
        return line.fault("PD004", f"key `{name}` is missing", help_)
    if key.valid(entry[name]):
        return None
    shown = json.dumps(entry[name], ensure_ascii=False)
    if len(shown) > 40:
        shown = shown[:40] + "..."
    return line.key_fault("PD005", name, f"`{name}` is {shown}", f"write {key.wanted}")


def _default_id(written: str, manifest: Path, offset: float | None) -> str:
    inside = os.path.normpath(written)
    folder = os.path.join(os.path.dirname(manifest), "")  # noqa: PTH118, PTH120
    name = os.path.splitext(inside.removeprefix(folder))[0].replace(os.sep, "/")  # noqa: PTH122
    return name if offset is None else f"{name}@{offset:g}"


def same_id(line: Line, name: str, first: int) -> Diagnostic:
    """Say that an utterance of a line has the id of an earlier one."""
    message = f"id `{name}` is already that of line {first}"
    help_ = "give each line an `id` of its own"
    return line.key_fault("PD007", "id", message, help_)


def _number(value: object) -> float:
    """The finite number that a JSON value is, or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


_KEYS: Mapping[str, _Key] = {
    "audio_filepath": _Key(lambda v: isinstance(v, str) and v != "", "the path of a recording"),
    "duration": _Key(lambda v: _number(v) > 0, "a number of seconds above 0"),
    "text": _Key(lambda v: isinstance(v, str), "the transcript in quotes"),
    "offset": _Key(lambda v: _number(v) >= 0, "a number of seconds, 0 or more", required=False),
    "id": _Key(lambda v: isinstance(v, str) and v != "", "a name in quotes", required=False),
}
