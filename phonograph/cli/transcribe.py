"""`phonograph transcribe`: from recordings to text."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonograph.cli.device import pick_device
from phonograph.cli.graph_argument import AsJson, Device, Precision
from phonograph.cli.screen import note, say, say_json, tell
from phonograph.errors import DataError, Diagnostic, Place

if TYPE_CHECKING:
    from torch import Tensor

    from phonograph.collections.asr.hypothesis import Hypothesis
    from phonograph.collections.asr.transcriber import Transcriber

STANDARD_INPUT = "-"

READ = [
    "wav",
    "flac",
    "ogg",
    "oga",
    "opus",
    "mp3",
    "aif",
    "aiff",
    "au",
    "caf",
    "w64",
    "rf64",
    "sph",
]
NAMED = ["m4a", "aac", "wma", "amr"]
"""Endings of audio that is not read; the error has the line that converts it."""

BATCHES_AHEAD = 8
"""Batches that are read before they are recognised, so that similar lengths come together."""

FILES_AHEAD = 256


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording and what was said in it."""

    name: str
    seconds: float
    hypothesis: Hypothesis

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        known = {"path": self.name, "duration": round(self.seconds, 3)}
        return {**known, **self.hypothesis.to_json()}


def transcribe(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A trained or imported *.phono file.")
    ],
    recordings: Annotated[
        list[str],
        typer.Argument(metavar="RECORDING", help="Files, folders, or - for standard input."),
    ],
    *,
    as_json: AsJson = False,
    words: Annotated[bool, typer.Option("--words", help="Times and confidence of words.")] = False,
    device: Device = "auto",
    batch_seconds: Annotated[
        float, typer.Option(metavar="SECONDS", min=1.0, help="Audio to compute at once.")
    ] = 60.0,
    precision: Precision = "float32",
) -> None:
    """Write down what is said in recordings.

    Any sample rate and number of channels will do. Folders are searched for audio files.
    One recording gives its text; several give lines of path, tab, text.

    Examples:
      phonograph transcribe best.phono talk.wav
      phonograph transcribe best.phono recordings/ more.flac > texts.tsv
      phonograph transcribe best.phono talk.wav --json
      ffmpeg -i talk.m4a -ac 1 -ar 16000 -f wav - | phonograph transcribe best.phono -
    """
    chosen = pick_device(device)
    from phonograph.collections.asr.transcriber import Transcriber
    from phonograph.graphs.allocation import keep_freed_memory

    keep_freed_memory()
    names, faults = _found(recordings)
    transcriber = Transcriber.open(
        bundle, device=chosen, batch_seconds=batch_seconds, precision=precision
    )
    reader = _Reader(transcriber, BATCHES_AHEAD * batch_seconds)
    alone = len(recordings) == 1 and names == recordings
    everything = []
    for heard in _recognised(transcriber, reader.groups(names)):
        everything += heard
        if not as_json:
            _print(heard, alone=alone, words=words)
    if as_json:
        say_json([one.to_json() for one in everything])
    for line in reader.notes():
        note(line)
    faults += reader.faults
    if faults:
        tell(faults)
        raise typer.Exit(1)


def _found(recordings: Iterable[str]) -> tuple[list[str], list[Diagnostic]]:
    """Replace folders by the audio files in them."""
    names: list[str] = []
    faults: list[Diagnostic] = []
    for given in recordings:
        folder = Path(given)
        if not folder.is_dir():
            names.append(given)
            continue
        inside = sorted(path for path in folder.rglob("*") if _is_audio(path))
        names += map(str, inside)
        if not inside:
            message = f"the folder `{given}` has no audio files"
            faults.append(Diagnostic("PC002", message, Place(given)))
    return names, faults


def _is_audio(path: Path) -> bool:
    # ._name is what macOS leaves beside name on foreign disks
    return (
        path.suffix.lower()[1:] in (*READ, *NAMED)
        and not path.name.startswith(".")
        and path.is_file()
    )


class _Reader:
    """Reads recordings, some ahead, and keeps what is to be said about them."""

    def __init__(self, transcriber: Transcriber, seconds_ahead: float) -> None:
        self.faults: list[Diagnostic] = []
        self._transcriber = transcriber
        self._samples_ahead = seconds_ahead * transcriber.sample_rate
        self._noted: list[tuple[str, str]] = []

    def groups(self, names: Iterable[str]) -> Iterator[list[tuple[str, Tensor]]]:
        """Give recordings in groups that fit into memory."""
        group: list[tuple[str, Tensor]] = []
        for name in names:
            samples = self._read(name)
            if samples is None:
                continue
            group.append((name, samples))
            ahead = sum(len(one) for _, one in group)
            if ahead >= self._samples_ahead or len(group) == FILES_AHEAD:
                yield group
                group = []
        if group:
            yield group

    def notes(self) -> Iterator[str]:
        """Give a line for each change that was made to recordings."""
        for clause, count in Counter(clause for _, clause in self._noted).items():
            first = next(name for name, noted in self._noted if noted == clause)
            yield f"note: {first if count == 1 else f'{count} recordings'}: {clause}"

    def _read(self, name: str) -> Tensor | None:
        source = sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name)
        try:
            samples, clauses = self._transcriber.read(source)
        except DataError as error:
            self.faults += error.diagnostics
            return None
        shown = "standard input" if name == STANDARD_INPUT else name
        self._noted += ((shown, clause) for clause in clauses)
        return samples


def _recognised(
    transcriber: Transcriber, groups: Iterable[list[tuple[str, Tensor]]]
) -> Iterator[list[Heard]]:
    for group in groups:
        found = transcriber.recognise([samples for _, samples in group])
        yield [
            Heard(name, len(samples) / transcriber.sample_rate, hypothesis)
            for (name, samples), hypothesis in zip(group, found, strict=True)
        ]


def _print(heard: Iterable[Heard], *, alone: bool, words: bool) -> None:
    for one in heard:
        say(one.hypothesis.text if alone else f"{one.name}\t{one.hypothesis.text}")
        for word in one.hypothesis.words if words else ():
            say(f"{_seconds(word.start)} {_seconds(word.end)}  {word.confidence:4.2f}  {word.text}")


def _seconds(value: float | None) -> str:
    return "      -" if value is None else f"{value:7.2f}"
