"""Choosing the findings that one can hear on the page: a few of each group, and not too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phonograph.training.pages.audio_clip import audio_clip
from phonograph.training.preflight.finding import Finding, Group

OF_A_GROUP = 8
"""Players of one group; the first findings get them."""

IN_ALL = 60
"""Players of the page."""

SECONDS = 12.0
"""Of one player; a longer utterance is cut."""

MOST_CHARACTERS = 8_000_000
"""Of all clips as they stand in the page."""


def clips_of(groups: Sequence[Group]) -> Mapping[Finding, str]:
    """Return the clips, as addresses that hold their sound, of the findings that get a player."""
    clips: dict[Finding, str] = {}
    left = MOST_CHARACTERS
    for group in groups:
        heard = 0
        for finding in group.findings:
            utterance = finding.utterance
            if heard == OF_A_GROUP or len(clips) == IN_ALL:
                break
            if utterance is None or not finding.playable:
                continue
            seconds = min(SECONDS, utterance.duration)
            clip = audio_clip(utterance.audio, utterance.offset or 0.0, seconds)
            if clip is None or len(clip) > left:
                continue
            clips[finding] = clip
            left -= len(clip)
            heard += 1
    return clips
