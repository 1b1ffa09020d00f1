"""The codes of what preflight alone looks for, and which of all codes only warn."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from phonograph.data.faults import CODES as DATA_CODES

CODES: Mapping[str, str] = MappingProxyType(
    {
        "PD030": "a transcript needs more frames than its recording has at the CTC loss",
        "PD031": "a transcript is empty",
        "PD032": "a transcript is much too long for its recording",
        "PD033": "a transcript is much too short for its recording",
        "PD034": "an utterance is longer than a batch",
        "PD035": "an utterance is very short",
        "PD036": "a recording is clipped",
        "PD037": "a recording has a DC offset",
        "PD038": "the same audio comes twice in a split",
        "PD039": "the same audio is in two splits",
        "PD040": "the same audio has two transcripts",
        "PD041": "a speaker is in two splits",
        "PD042": "two splits read the same manifest",
        "PD044": "a graph names no manifest that can be checked",
    }
)
"""Stable codes; a code is never given a second meaning."""

WARNINGS = frozenset(
    {
        "PD031",
        "PD032",
        "PD033",
        "PD034",
        "PD035",
        "PD036",
        "PD037",
        "PD038",
        "PD040",
        "PD041",
        "PD042",
    }
)
"""Codes of what training accepts, though it is mostly a mistake."""


def title_of(code: str) -> str:
    """Say what a code means.

    >>> title_of("PD006")
    'an audio file does not exist or cannot be opened'
    """
    return CODES.get(code) or DATA_CODES[code]
