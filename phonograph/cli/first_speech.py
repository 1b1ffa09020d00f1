"""The speech that `phonograph init` is told about."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from phonograph.counted import counted
from phonograph.errors import DataError, Diagnostic, Place, near_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from phonograph.data.folder_manifest import Recording
    from phonograph.data.manifest import Utterance
    from phonograph.data.survey import Survey

PROMPTS = "prompts"
"""What the shipped speech is called where no file or folder has that name."""

TRAIN, VALIDATION = "train.jsonl", "validation.jsonl"

_BESIDE = ("validation", "valid", "val", "dev")
_USUAL_RATES = (8000, 16000)


@dataclass(frozen=True, slots=True)
class Source:
    """Speech that was looked at.

    Args:
        train: the manifest to learn from.
        validation: the manifest to validate on, None without one.
        written: manifests that are not there yet -> their text.
        survey: what there is in it.
        example: one of the recordings.
        remarks: what a user should know.
    """

    train: Path
    validation: Path | None
    written: dict[Path, str]
    survey: Survey
    example: Path
    remarks: tuple[str, ...]


def find_speech(answer: str, file: Path, validation: Path | None) -> Source:
    """Look at the speech that is meant.

    Args:
        answer: a manifest, a folder, or `PROMPTS`.
        file: the graph; manifests of a folder are written beside it.
        validation: a manifest to validate on, if one was given.

    Raises:
        DataError: it cannot be learnt from.
    """
    path = Path(answer).expanduser()
    if answer == PROMPTS and not path.exists():
        path = _shipped()
    if not os.path.lexists(path):
        raise DataError(_not_there(path))
    if (path / TRAIN).is_file():
        path /= TRAIN
    try:
        if path.is_dir():
            return _of_folder(path, file, validation)
        return _of_manifest(path, validation)
    except DataError as error:
        raise DataError(_alike_once(error.diagnostics)) from None


def told(source: Source) -> Iterator[str]:
    """Say what was found, in a few lines."""
    from phonograph.collections.asr.first_graph import duration_in_words

    found = source.survey
    yield (
        f"{counted(found.utterances, 'utterance')}, {duration_in_words(found.seconds)}, "
        f"the longest {found.longest:.1f} s, {found.sample_rate:,} samples per second"
    )
    letters = found.alphabet if len(found.alphabet) <= 60 else f"{found.alphabet[:60]}…"
    yield f'{len(found.alphabet)} characters: "{letters}"'
    if found.silent:
        yield f"note: without any words: {counted(found.silent, 'text')}"
    if found.digits:
        yield f"note: with digits, where words are learnt better: {counted(found.digits, 'text')}"
    if found.sample_rate not in _USUAL_RATES:
        yield "note: speech is usually learnt from 16,000 samples per second"
    if found.longest > 40:
        yield "note: utterances above 40 s take much memory; cut them where somebody pauses"
    yield from source.remarks


def relative(path: Path, folder: Path) -> str:
    """Write a path as seen from a folder, whole where that is shorter to read."""
    try:
        seen = Path(os.path.relpath(path, folder))
    except ValueError:  # another drive
        return str(path.resolve())
    return str(path.resolve()) if seen.parts[:3] == ("..",) * 3 else seen.as_posix()


def _not_there(path: Path) -> Diagnostic:
    message = "cannot read the manifest: no such file or directory"
    folder = path.parent
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises on a name too long
        help = f"there is no folder `{folder}`"
    elif close := near_names(path.name, sorted(os.listdir(folder))):  # noqa: PTH208 - names only
        help = "did you mean " + " or ".join(f"`{folder / name}`" for name in close) + "?"
    else:
        help = f"a relative path starts here, at `{Path.cwd()}`"
    return Diagnostic("PD001", message, Place(str(path)), help=help)


_UNVALIDATED = "note: there is nothing to validate on; give it with --validation dev.jsonl"


def _alike_once(faults: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Tell what is wrong with many lines of a foreign manifest once."""
    alike: dict[tuple[str, str], list[Diagnostic]] = {}
    for fault in faults:
        alike.setdefault((fault.code, fault.message), []).append(fault)
    return [
        replace(first, causes=(*first.causes, f"{len(more)} more like it")) if more else first
        for first, *more in alike.values()
    ]


def _of_manifest(path: Path, validation: Path | None) -> Source:
    from phonograph.data.manifest_index import read_manifest
    from phonograph.data.survey import survey

    beside = validation or _beside(path)
    train = read_manifest(path)
    others = read_manifest(beside) if beside else ()
    remarks = () if beside else (_UNVALIDATED,)
    return Source(path, beside, {}, survey(train, others), train[0].audio, remarks)


def _of_folder(folder: Path, file: Path, validation: Path | None) -> Source:
    from phonograph.data.folder_manifest import hold_out, read_folder
    from phonograph.data.manifest_index import read_manifest
    from phonograph.data.survey import survey

    recordings, without = read_folder(folder)
    others: Sequence[Utterance] = ()
    held: Sequence[Recording] = ()
    remarks = (
        [f"note: left out for want of a text: {counted(without, 'recording')}"] if without else []
    )
    if validation is None:
        recordings, held = hold_out(recordings)
    else:
        others = read_manifest(validation)
    train, beside = file.parent / TRAIN, file.parent / VALIDATION
    written = {train: "".join(one.line(file.parent) for one in recordings)}
    if held:
        written[beside] = "".join(one.line(file.parent) for one in held)
        remarks.append(f"note: held out, to validate on: {counted(len(held), 'utterance')}")
        others, validation = _utterances(held, beside), beside
    elif validation is None:
        remarks.append(_UNVALIDATED)
    found = survey(_utterances(recordings, train), others)
    return Source(train, validation, written, found, recordings[0].audio, tuple(remarks))


def _utterances(recordings: Sequence[Recording], manifest: Path) -> list[Utterance]:
    from phonograph.data.manifest import Utterance

    return [
        Utterance(
            id=str(one.audio),
            audio=one.audio,
            duration=one.duration,
            text=one.text,
            manifest=manifest,
            line=number,
        )
        for number, one in enumerate(recordings, 1)
    ]


def _beside(train: Path) -> Path | None:
    """Find a manifest to validate on beside the one to learn from."""
    found = (train.with_name(f"{name}{train.suffix}") for name in _BESIDE)
    return next((path for path in found if path.is_file() and path != train), None)


def _shipped() -> Path:
    from phonograph.collections.recipes import locate

    return locate("phonograph://asr/prompts")[0].parent / "prompts" / TRAIN
