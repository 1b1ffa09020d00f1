"""Reading the recordings of a manifest: strict, so that training hears what the graph says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import torch
from torch import Tensor

from phonograph.data.ffmpeg_line import ffmpeg_line
from phonograph.errors import DataError, Diagnostic, Place

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from phonograph.data.manifest import Utterance

SLACK = 0.1
"""Seconds by which a manifest's rounded durations may differ from the recording."""

UNKNOWN_LENGTH = 2**62
"""Frames; libsndfile gives such a number for a stream whose header was never completed."""

LIKELY_RATES = range(1000, 1_000_001)
"""Samples per second; resampling from a broken header's 1 would fill the memory."""


@dataclass(frozen=True, slots=True)
class AudioHeader:
    """What the header of an audio file says.

    Args:
        sample_rate: samples per second in each channel.
        channels: number of channels, at least 1.
        frames: samples in each channel.
    """

    sample_rate: int
    channels: int
    frames: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


def probe(path: Path, place: Place | None = None) -> AudioHeader:
    """Read the header of an audio file.

    Args:
        path: the file.
        place: the line that names the file, for messages; without it the file itself.

    Raises:
        DataError: the file does not exist or is not audio that soundfile reads.
    """
    try:
        with soundfile.SoundFile(path) as file:
            return header_of(file)
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(unreadable(path, place, error)) from error


def read_audio(utterance: Utterance, sample_rate: int) -> Tensor:
    """Read what a manifest names: mono, at exactly this rate, as long as the manifest says.

    Args:
        utterance: the line of the manifest.
        sample_rate: samples per second that the graph expects.

    Returns:
        float32 samples [S], full scale is 1.

    Raises:
        DataError: the file is missing, broken, empty, of another rate or length, or not mono.
    """
    try:
        with soundfile.SoundFile(utterance.audio) as file:
            header = header_of(file)
            fault = header_fault(utterance, header, sample_rate)
            if fault is not None:
                raise DataError(fault)
            start, stop = _segment(utterance, header)
            file.seek(start)
            samples: NDArray[np.float32] = file.read(stop - start, dtype="float32")
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(unreadable(utterance.audio, utterance.place, error)) from error
    if len(samples) < stop - start:
        found = (start + len(samples)) / sample_rate
        raise DataError(_wrong_length(utterance, found))
    fault = samples_fault(utterance.audio, utterance.place, samples, sample_rate)
    if fault is not None:
        raise DataError(fault)
    return torch.from_numpy(samples)


def header_of(file: soundfile.SoundFile) -> AudioHeader:
    """Take the header from an open file.

    Raises:
        OSError: the header gives no length, as that of a recorded stream, or no likely rate.
    """
    if file.samplerate not in LIKELY_RATES:
        raise OSError(f"its header says {file.samplerate} samples per second")
    if file.frames >= UNKNOWN_LENGTH:
        raise OSError("its header gives no length, as in a recorded stream")
    return AudioHeader(file.samplerate, file.channels, file.frames)


def header_fault(utterance: Utterance, header: AudioHeader, sample_rate: int) -> Diagnostic | None:
    """Say what is wrong with a recording as far as its header tells, or nothing."""
    audio, place = utterance.audio, utterance.place
    found, needed = [], []
    if header.sample_rate != sample_rate:
        found.append(f"{header.sample_rate} samples per second")
        needed.append(str(sample_rate))
    if header.channels != 1:
        found.append(f"{header.channels} channels")
        needed.append("1 channel")
    if found:
        message = f"`{audio}` has {' and '.join(found)}, needed: {' and '.join(needed)}"
        help_ = f"convert it: {ffmpeg_line(audio, sample_rate)}"
        return Diagnostic("PD011", message, place, help=help_)
    if header.frames == 0:
        return silent(audio, place)
    start, stop = _segment(utterance, header)
    if stop > header.frames:
        return _wrong_length(utterance, header.duration)
    if utterance.offset is None and stop < header.frames:
        return _wrong_length(utterance, header.duration)
    return silent(audio, place) if start >= stop else None


def samples_fault(
    path: Path, place: Place | None, samples: NDArray[np.float32], sample_rate: int
) -> Diagnostic | None:
    """Say that samples are NaN or infinite, or nothing."""
    strange = np.flatnonzero(~np.isfinite(samples))
    if len(strange) == 0:
        return None
    first = strange[0] / sample_rate
    message = f"`{path}` has samples that are not numbers, the first at {first:.3f} s"
    help_ = "record or convert it again, or take it out"
    return Diagnostic("PD014", message, place or Place(str(path)), help=help_)


def unreadable(path: Path, place: Place | None, error: Exception) -> Diagnostic:
    """Say why a file cannot be opened (PD006), is empty (PD012) or is no readable audio (PD010)."""
    place = place or Place(str(path))
    try:
        with path.open("rb") as file:
            if not file.read(1):
                return silent(path, place)
    except OSError as closed:
        reason = (closed.strerror or str(closed)).lower()
        message = f"cannot open audio file `{path}`: {reason}"
        return Diagnostic("PD006", message, place, help="check the path")
    reason = str(getattr(error, "error_string", error)).rstrip(".")
    message = f"cannot read `{path}` as audio: {reason}"
    help_ = "it is broken or in another format; see whether `ffmpeg -i` can read it"
    return Diagnostic("PD010", message, place, help=help_)


def silent(path: Path, place: Place | None) -> Diagnostic:
    """Say that there is not one sample to read."""
    message = f"`{path}` holds no sound"
    return Diagnostic(
        "PD012", message, place or Place(str(path)), help="record it again, or take it out"
    )


def _segment(utterance: Utterance, header: AudioHeader) -> tuple[int, int]:
    """First frame and the frame after the last; the end of the file where that is close by."""
    beyond = header.duration + 1.0  # a number that is too large for a count of frames is beyond
    start = min(utterance.offset or 0.0, beyond)
    stop = round(min(start + utterance.duration, beyond) * header.sample_rate)
    if abs(stop - header.frames) <= SLACK * header.sample_rate:
        stop = header.frames
    return round(start * header.sample_rate), stop


def _wrong_length(utterance: Utterance, found: float) -> Diagnostic:
    audio, offset, duration = utterance.audio, utterance.offset, utterance.duration
    if offset is None:
        message = f"`{audio}` lasts {found:.3f} s, the manifest says {duration:g} s"
        help_ = f"write `duration` {found:.3f} if the recording is whole"
        if found > duration:
            help_ = f"write `duration` {found:.3f}, or add `offset` if only a part is meant"
    else:
        message = f"`{audio}` ends at {found:.3f} s, the utterance at {offset + duration:g} s"
        help_ = "correct `offset` and `duration`, or replace the recording if it was cut"
    return Diagnostic("PD013", message, utterance.place, help=help_)
