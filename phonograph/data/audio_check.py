"""Checking the headers of all recordings of a manifest before training starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phonograph.data.audio_file import header_fault, probe
from phonograph.errors import DataError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phonograph.data.manifest import Utterance


def check_headers(utterances: Iterable[Utterance], sample_rate: int) -> list[Diagnostic]:
    """Look at every recording's header: rate, channels, length against the manifest.

    Args:
        utterances: lines of manifests.
        sample_rate: samples per second that the graph expects.

    Returns:
        one diagnostic for each recording at fault.

    >>> check_headers([], 16000)
    []
    """
    faults: list[Diagnostic] = []
    for utterance in utterances:
        try:
            header = probe(utterance.audio, utterance.place)
        except DataError as error:
            faults += error.diagnostics
            continue
        fault = header_fault(utterance, header, sample_rate)
        if fault is not None:
            faults.append(fault)
    return faults
