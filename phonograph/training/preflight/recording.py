"""Listening to one recording: every utterance in it, each sample decoded once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from phonograph.data.audio_file import (
    AudioHeader,
    header_fault,
    header_of,
    samples_fault,
    segment_of,
    unreadable,
    wrong_length,
)
from phonograph.data.manifest import Utterance
from phonograph.data.segment import Segment, read_segment
from phonograph.errors import Diagnostic
from phonograph.training.preflight.demands import Demands
from phonograph.training.preflight.sound import Sound, measure

Samples = NDArray[np.float32]
"""Of one channel, or the mean of several."""

MOST_AT_ONCE = 1 << 24
"""Samples; of a longer recording only the utterances are decoded, one after another."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What listening to a recording gave.

    Args:
        header: None where the file cannot be read.
        format: of the file, such as `wav`; empty where it cannot be read.
        found: for each utterance what its samples are in numbers, or what is wrong with it.
    """

    header: AudioHeader | None
    format: str
    found: tuple[Sound | Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Ears:
    """How recordings are taken.

    Args:
        sample_rate: samples per second that the graph hears.
        resample: whether recordings of another rate are accepted.
        mix: whether recordings of several channels are accepted.
    """

    sample_rate: int
    resample: bool = False
    mix: bool = False

    @classmethod
    def of(cls, demands: Demands) -> Ears:
        """Take them as a graph demands."""
        return cls(demands.sample_rate, demands.resample, demands.mix)


def listen(utterances: Sequence[Utterance], ears: Ears) -> Heard:
    """Read a recording and measure the utterances in it.

    Args:
        utterances: lines of manifests that all name the same file, at least one.
        ears: how recordings are taken.
    """
    first = utterances[0]
    try:
        with soundfile.SoundFile(first.audio) as file:
            header, kind = header_of(file), file.format.lower()
            found = tuple(_each(file, header, utterances, ears))
    except (soundfile.SoundFileError, OSError) as error:
        return Heard(None, "", tuple(unreadable(u.audio, u.place, error) for u in utterances))
    return Heard(header, kind, found)


def _each(
    file: soundfile.SoundFile, header: AudioHeader, utterances: Sequence[Utterance], ears: Ears
) -> Iterator[Sound | Diagnostic]:
    demanded = {"resample": ears.resample, "mix": ears.mix}
    faults = [header_fault(one, header, ears.sample_rate, **demanded) for one in utterances]
    short = header.frames * header.channels <= MOST_AT_ONCE
    whole = _whole(file, header.frames) if short and None in faults else None
    for utterance, fault in zip(utterances, faults, strict=True):
        if fault is not None:
            yield fault
            continue
        segment = segment_of(utterance, header)
        try:
            samples = (
                read_segment(file, segment)
                if whole is None
                else whole[segment.start : segment.stop]
            )
        except (soundfile.SoundFileError, OSError) as error:
            yield unreadable(utterance.audio, utterance.place, error)
            continue
        if len(samples) < len(segment):
            yield wrong_length(utterance, (segment.start + len(samples)) / header.sample_rate)
            continue
        yield _judged(utterance, samples, header.sample_rate, ears.sample_rate)


def _whole(file: soundfile.SoundFile, frames: int) -> Samples | None:
    """Decode a recording; None where it breaks off, so that only what is behind that is lost."""
    try:
        return read_segment(file, Segment(0, frames))
    except (soundfile.SoundFileError, OSError):
        return None


def _judged(utterance: Utterance, samples: Samples, rate: int, heard: int) -> Sound | Diagnostic:
    fault = samples_fault(utterance.audio, utterance.place, samples, rate)
    return fault or measure(samples, rate, heard)
