"""Manifests: JSON lines that name recordings and what is said in them."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phonograph.data.faults import data_error
from phonograph.errors import DataError, Diagnostic, Place, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

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


def read_manifest(path: Path) -> Sequence[Utterance]:
    """Read a manifest: one JSON object a line, in the form that NeMo uses.

    Each object has `audio_filepath` (relative to the manifest's folder), `duration` in seconds
    and `text`; it may have `offset` in seconds and `id`. Other keys are left alone. Without
    `id`, the path without its ending is the id, followed by `@offset` where that is given.

    Raises:
        DataError: every fault of the file, each with its line.

    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "yes.wav").touch()
    >>> line = '{"audio_filepath": "yes.wav", "duration": 1.5, "text": "Yes."}'
    >>> _ = (folder / "train.jsonl").write_text(line)
    >>> [(u.id, u.duration, u.text) for u in read_manifest(folder / "train.jsonl")]
    [('yes', 1.5, 'Yes.')]
    """
    utterances: list[Utterance] = []
    faults: list[Diagnostic] = []
    for found, wrong, _ in parse_lines(path):
        faults += wrong
        if found is not None:
            utterances.append(found)
    if len(faults) > 1 and {fault.code for fault in faults} == {"PD003"} and not utterances:
        raise DataError(_no_manifest(path, len(faults)))
    if faults:
        raise data_error(faults)
    if not utterances:
        raise DataError(Diagnostic("PD002", "the manifest is empty", Place(str(path)), help=FORM))
    return utterances


def parse_lines(path: Path) -> Iterator[tuple[Utterance | None, list[Diagnostic], bytes]]:
    """Give for each line that is not blank its utterance, what is wrong with it, and its bytes.

    Raises:
        DataError: the file cannot be read.
    """
    lines_by_id: dict[str, int] = {}
    for line in _lines(path):
        found, wrong = _parse(line)
        if found is not None:
            first = lines_by_id.setdefault(found.id, found.line)
            if first != found.line:
                wrong = [*wrong, _same_id(line, found.id, first)]
        yield found, wrong, line.raw


def _no_manifest(path: Path, lines: int) -> Diagnostic:
    """Say once what every line would say of a graph or a recording taken for a manifest."""
    message = f"not a manifest: none of its {lines:,} lines is a JSON object"
    return Diagnostic("PD003", message, Place(str(path)), help=FORM)


@dataclass(frozen=True, slots=True)
class _Line:
    manifest: Path
    number: int
    raw: bytes

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8-sig" if self.number == 1 else "utf-8").rstrip("\r\n")

    def fault(
        self, code: str, message: str, help_: str, column: int = 0, width: int = 1
    ) -> Diagnostic:
        source = self.raw.decode("utf-8-sig", errors="replace").rstrip("\r\n")
        if len(source) > LONGEST_EXCERPT or not source.isprintable():
            source = ""
        place = Place(str(self.manifest), self.number, column, width, source)
        return Diagnostic(code, message, place, help=help_)

    def key_fault(self, code: str, key: str, message: str, help_: str) -> Diagnostic:
        found = re.search(rf'"{key}"\s*:', self.text)
        if found is None:
            return self.fault(code, message, help_)
        return self.fault(code, message, help_, found.start() + 1, len(key) + 2)


def _lines(path: Path) -> Iterator[_Line]:
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, 1):
                if raw.strip():
                    yield _Line(path, number, raw)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        help_ = "check the path; a relative path starts at the folder of the file that wrote it"
        fault = Diagnostic(
            "PD001", f"cannot read the manifest: {reason}", Place(str(path)), help=help_
        )
        raise DataError(fault) from error


def _parse(line: _Line) -> tuple[Utterance | None, list[Diagnostic]]:
    entry = _json_object(line)
    if isinstance(entry, Diagnostic):
        return None, [entry]
    faults = [fault for name, key in _KEYS.items() if (fault := _key_fault(line, entry, name, key))]
    if faults:
        return None, faults
    written = str(entry["audio_filepath"])
    audio = line.manifest.parent / written
    if not os.path.isfile(audio):  # noqa: PTH113 - Path.is_file raises on a name too long
        help_ = f"`audio_filepath` is relative to the manifest's folder `{line.manifest.parent}`"
        message = f"audio file `{audio}` does not exist"
        faults = [line.key_fault("PD006", "audio_filepath", message, help_)]
    offset = _number(entry["offset"]) if "offset" in entry else None
    utterance = Utterance(
        id=str(entry["id"]) if "id" in entry else _default_id(audio, line.manifest.parent, offset),
        audio=audio,
        duration=_number(entry["duration"]),
        text=str(entry["text"]),
        offset=offset,
        manifest=line.manifest,
        line=line.number,
    )
    return utterance, faults


def _json_object(line: _Line) -> Mapping[str, object] | Diagnostic:
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


def _key_fault(line: _Line, entry: Mapping[str, object], name: str, key: _Key) -> Diagnostic | None:
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


def _default_id(audio: Path, folder: Path, offset: float | None) -> str:
    inside = audio.relative_to(folder) if audio.is_relative_to(folder) else audio
    name = inside.with_suffix("").as_posix()
    return name if offset is None else f"{name}@{offset:g}"


def _same_id(line: _Line, name: str, first: int) -> Diagnostic:
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
