"""Going through a manifest line by line, on past lines that are at fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from phonograph.data.manifest import FORM, Utterance, parse_lines
from phonograph.errors import DataError, Diagnostic, Place


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """What one line gave.

    Args:
        utterance: None where the line cannot be read.
        speaker: who speaks, where the line says so.
        faults: what is wrong with the line.
    """

    utterance: Utterance | None
    speaker: str | None = None
    faults: tuple[Diagnostic, ...] = ()


def read_lines(path: Path) -> Iterator[ManifestLine]:
    """Give every line of a manifest, and at the end what is wrong with the whole.

    A file none of whose lines is a JSON object is one fault, not one for each of its lines.
    """
    read = 0
    held: list[ManifestLine] = []
    try:
        for utterance, faults, raw in parse_lines(path):
            line = ManifestLine(utterance, _speaker(raw) if utterance else None, tuple(faults))
            if not read and _is_no_object(line):
                held.append(line)
                continue
            yield from held
            held.clear()
            read += 1
            yield line
    except DataError as error:
        yield ManifestLine(None, faults=error.diagnostics)
        return
    if len(held) == 1:
        yield held[0]
    elif held:
        message = f"not a manifest: none of its {len(held):,} lines is a JSON object"
        yield ManifestLine(None, faults=(_whole("PD003", message, path),))
    elif not read:
        yield ManifestLine(None, faults=(_whole("PD002", "the manifest is empty", path),))


def _is_no_object(line: ManifestLine) -> bool:
    return line.utterance is None and {fault.code for fault in line.faults} == {"PD003"}


def _whole(code: str, message: str, path: Path) -> Diagnostic:
    return Diagnostic(code, message, Place(str(path)), help=FORM)


def _speaker(raw: bytes) -> str | None:
    """Return the value of `speaker`, which phonograph does not need to train."""
    if b'"speaker"' not in raw:
        return None
    speaker = json.loads(raw.decode("utf-8-sig")).get("speaker")
    return str(speaker) if isinstance(speaker, str | int) else None
