"""Who speaks, where the lines of a manifest say so."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from phonograph.data.manifest import Utterance


def speakers_of(utterances: Iterable[Utterance]) -> dict[str, str]:
    """Return the `speaker` of each utterance by its id; those without one are left out.

    Args:
        utterances: lines of manifests that were read without a fault.

    >>> speakers_of([])
    {}
    """
    lines: dict[Path, list[bytes]] = {}
    found: dict[str, str] = {}
    for one in utterances:
        if one.manifest not in lines:
            lines[one.manifest] = one.manifest.read_bytes().split(b"\n")
        speaker = json.loads(lines[one.manifest][one.line - 1].decode("utf-8-sig")).get("speaker")
        if isinstance(speaker, str | int) and str(speaker):
            found[one.id] = str(speaker)
    return found
