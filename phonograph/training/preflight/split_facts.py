"""What each split holds: how much, how long, which rates and formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from phonograph.training.preflight.subject import Subject


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """A split in numbers; of lines that could be read.

    Args:
        split: `train`, `validation` or `test`.
        manifests: the files it reads.
        lines: of these files, without blank ones.
        utterances: lines that could be read.
        seconds: of these, as the manifest says where a recording was not heard.
        shortest: seconds of the shortest utterance; 0 without utterances.
        median: seconds, likewise.
        longest: seconds, likewise.
        characters: of the normalised texts.
        tokens: of these; texts that the tokenizer cannot write count as none.
        speakers: how many are named; 0 where the lines name none.
        rates: samples per second -> recordings.
        formats: such as `wav` -> recordings.
    """

    split: str
    manifests: tuple[str, ...]
    lines: int
    utterances: int
    seconds: float
    shortest: float
    median: float
    longest: float
    characters: int
    tokens: int
    speakers: int
    rates: Mapping[int, int]
    formats: Mapping[str, int]

    @property
    def hours(self) -> float:
        """Hours of all utterances."""
        return self.seconds / 3600


def split_facts(
    split: str,
    manifests: Sequence[str],
    lines: int,
    subjects: Sequence[Subject],
    rates: Counter[int],
    formats: Counter[str],
) -> SplitFacts:
    """Count what a split holds.

    Args:
        split: its name.
        manifests: the files it reads.
        lines: how many were looked at.
        subjects: the utterances that could be read.
        rates: samples per second -> recordings.
        formats: format -> recordings.
    """
    durations = [seconds_of(subject) for subject in subjects]
    return SplitFacts(
        split=split,
        manifests=tuple(manifests),
        lines=lines,
        utterances=len(subjects),
        seconds=sum(durations),
        shortest=min(durations, default=0.0),
        median=median(durations) if durations else 0.0,
        longest=max(durations, default=0.0),
        characters=sum(subject.text.characters for subject in subjects),
        tokens=sum(subject.text.tokens for subject in subjects),
        speakers=len({subject.speaker for subject in subjects} - {None}),
        rates=dict(rates.most_common()),
        formats=dict(formats.most_common()),
    )


def seconds_of(subject: Subject) -> float:
    """Return how long an utterance is: as heard, or else as the manifest says."""
    return subject.sound.seconds if subject.sound else subject.utterance.duration
