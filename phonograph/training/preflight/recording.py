"""Listening to one recording: every utterance in it, each sample decoded once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import soundfile
from numpy.typing import NDArray

from phonograph.data.audio_file import (
    AudioHeader,
    _segment,
    _wrong_length,
    header_fault,
    header_of,
    samples_fault,
    unreadable,
)
from phonograph.data.manifest import Utterance
from phonograph.errors import Diagnostic
from phonograph.training.preflight.demands import Demands
from phonograph.training.preflight.sound import Sound, measure

Samples = NDArray[np.float32]
"""Of several channels, [S, C]."""

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
    accepted = replace(header, channels=1) if ears.mix else header
    wanted = header.sample_rate if ears.resample else ears.sample_rate
    faults = [header_fault(one, accepted, wanted) for one in utterances]
    short = header.frames * header.channels <= MOST_AT_ONCE
    whole = _whole(file, header.frames) if short and None in faults else None
    for utterance, fault in zip(utterances, faults, strict=True):
        if fault is not None:
            yield fault
            continue
        start, stop = _segment(utterance, header)
        try:
            samples = _read(file, start, stop) if whole is None else whole[start:stop]
        except (soundfile.SoundFileError, OSError) as error:
            yield unreadable(utterance.audio, utterance.place, error)
            continue
        if len(samples) < stop - start:
            yield _wrong_length(utterance, (start + len(samples)) / header.sample_rate)
            continue
        yield _judged(utterance, samples, header.sample_rate, ears.sample_rate)


def _whole(file: soundfile.SoundFile, frames: int) -> Samples | None:
    """Decode a recording; None where it breaks off, so that only what is behind that is lost."""
    try:
        return _read(file, 0, frames)
    except (soundfile.SoundFileError, OSError):
        return None


def _read(file: soundfile.SoundFile, start: int, stop: int) -> Samples:
    file.seek(start)
    return file.read(stop - start, dtype="float32", always_2d=True)


def _judged(utterance: Utterance, samples: Samples, rate: int, heard: int) -> Sound | Diagnostic:
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float32)
    fault = samples_fault(utterance.audio, utterance.place, mono, rate)
    return fault or measure(mono, rate, heard)
