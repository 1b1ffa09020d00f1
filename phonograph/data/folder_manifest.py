"""Manifests of a folder of recordings with their texts beside them."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from phonograph.data.audio_file import probe
from phonograph.data.faults import data_error
from phonograph.errors import DataError, Diagnostic, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SOUND = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au"})
"""Endings of recordings that training reads."""

ONE_OF = 10
"""One utterance of so many is held out for validation."""

MOST_HELD_OUT = 300


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording with its text.

    Args:
        audio: the file.
        duration: seconds.
        text: what is said.
    """

    audio: Path
    duration: float
    text: str

    def line(self, folder: Path) -> str:
        """Write the line of a manifest in a folder."""
        name = Path(os.path.relpath(self.audio, folder)).as_posix()
        entry = {"audio_filepath": name, "duration": round(self.duration, 4), "text": self.text}
        return json.dumps(entry, ensure_ascii=False) + "\n"


def read_folder(folder: Path) -> tuple[list[Recording], int]:
    """Find the recordings of a folder, at any depth, and their texts.

    The text of `a/001.wav` is in `a/001.txt`, or in a line `001 what is said` of a file that ends
    in `.trans.txt`, as LibriSpeech has it.

    Returns:
        the recordings with texts, by path, and the number of those without.

    Raises:
        DataError: there are no recordings, none has a text, or some cannot be read.
    """
    sounds = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND)
    if not sounds:
        endings = ", ".join(sorted(SOUND))
        message, place = "the folder has no recordings", Place(str(folder))
        raise DataError(Diagnostic("PD051", message, place, help=f"known are {endings}"))
    listed = dict(_listed(folder))
    found: list[Recording] = []
    faults: list[Diagnostic] = []
    for audio in sounds:
        text = _text_of(audio, listed)
        if text is None:
            continue
        try:
            found.append(Recording(audio, probe(audio).duration, text))
        except DataError as error:
            faults += error.diagnostics
    if faults:
        raise data_error(faults)
    if not found:
        message = f"no recording of {len(sounds):,} has a text"
        raise DataError(Diagnostic("PD051", message, Place(str(folder)), help=_layout(sounds[0])))
    return found, len(sounds) - len(found)


def _layout(audio: Path) -> str:
    beside = audio.with_suffix(".txt").name
    return f"write what is said in `{audio.name}` into `{beside}` beside it, or give a manifest"


def hold_out(recordings: Sequence[Recording]) -> tuple[list[Recording], list[Recording]]:
    """Split recordings into what is learnt from and what is validated on, each time alike."""
    count = min(len(recordings) // ONE_OF, MOST_HELD_OUT)
    shuffled = sorted(recordings, key=_draw)
    held = {recording.audio for recording in shuffled[:count]}
    learnt = [recording for recording in recordings if recording.audio not in held]
    return learnt, [recording for recording in recordings if recording.audio in held]


def _draw(recording: Recording) -> str:
    return hashlib.sha256(recording.audio.name.encode(errors="replace")).hexdigest()


def _listed(folder: Path) -> Iterator[tuple[Path, str]]:
    """Give recording without ending -> text, from lists as LibriSpeech has them."""
    for path in sorted(folder.rglob("*.trans.txt")):
        for line in _read(path).splitlines():
            name, _, text = line.partition(" ")
            yield path.parent / name, text.strip()


def _text_of(audio: Path, listed: Mapping[Path, str]) -> str | None:
    beside = audio.with_suffix(".txt")
    if beside.is_file():
        return " ".join(_read(beside).split())
    return listed.get(audio.with_suffix(""))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8"
        help = "save the file as UTF-8"
        raise DataError(Diagnostic("PD003", message, Place(str(path)), help=help)) from None
