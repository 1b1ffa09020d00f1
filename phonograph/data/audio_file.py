"""Reading the recordings of a manifest: strict, so that training hears what the graph says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import torch
from torch import Tensor

from phonograph.data.ffmpeg_line import ffmpeg_line
from phonograph.data.segment import Segment, read_resampled, read_segment
from phonograph.errors import DataError, Diagnostic, Place

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from phonograph.data.manifest import Utterance

SLACK = 0.1
"""Seconds by which a manifest's rounded durations may differ from the recording."""

SILENCE = 1e-5
"""Of full scale; a recording with no sample above it was never recorded."""

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


def read_audio(
    utterance: Utterance, sample_rate: int, *, resample: bool = False, mix: bool = False
) -> Tensor:
    """Read what a manifest names: mono, at this rate, as long as the manifest says.

    Args:
        utterance: the line of the manifest.
        sample_rate: samples per second that the graph expects.
        resample: whether a recording of another rate is brought to this one; else it is refused.
        mix: whether several channels are averaged; else they are refused.

    Returns:
        float32 samples [S], full scale is 1.

    Raises:
        DataError: the file is missing, broken, empty, silent, of another length, or of another rate
            or with several channels where that is not allowed for.
    """
    try:
        with soundfile.SoundFile(utterance.audio) as file:
            header = header_of(file)
            fault = header_fault(utterance, header, sample_rate, resample=resample, mix=mix)
            if fault is not None:
                raise DataError(fault)
            segment = segment_of(utterance, header)
            if header.sample_rate == sample_rate:
                samples, wanted = read_segment(file, segment), len(segment)
            else:
                samples = read_resampled(file, segment, header.frames, sample_rate)
                wanted = round(len(segment) * sample_rate / header.sample_rate)
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(unreadable(utterance.audio, utterance.place, error)) from error
    if len(samples) < wanted:
        found = segment.start / header.sample_rate + len(samples) / sample_rate
        raise DataError(wrong_length(utterance, found))
    fault = samples_fault(utterance.audio, utterance.place, samples, sample_rate)
    fault = fault or silence_fault(utterance, float(np.abs(samples).max()))
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


def header_fault(
    utterance: Utterance,
    header: AudioHeader,
    sample_rate: int,
    *,
    resample: bool = False,
    mix: bool = False,
) -> Diagnostic | None:
    """Say what is wrong with a recording as far as its header tells, or nothing.

    Args:
        utterance: the line of the manifest.
        header: that of the recording.
        sample_rate: samples per second that the graph expects.
        resample: whether any rate will do.
        mix: whether any number of channels will do.
    """
    audio, place = utterance.audio, utterance.place
    found, needed, ways = [], [], []
    if header.sample_rate != sample_rate and not resample:
        found.append(f"{header.sample_rate} samples per second")
        needed.append(str(sample_rate))
        ways.append("`resample: true`")
    if header.channels != 1 and not mix:
        found.append(f"{header.channels} channels")
        needed.append("1 channel")
        ways.append("`mix: true`")
    if found:
        message = f"`{audio}` has {' and '.join(found)}, needed: {' and '.join(needed)}"
        done = f"or write {' and '.join(ways)} in the data layer to have it done at each reading"
        help_ = f"convert it: {ffmpeg_line(audio, sample_rate)}; {done}"
        return Diagnostic("PD011", message, place, help=help_)
    if header.frames == 0:
        return silent(audio, place)
    segment = segment_of(utterance, header)
    if segment.stop > header.frames:
        return wrong_length(utterance, header.duration)
    if utterance.offset is None and segment.stop < header.frames:
        return wrong_length(utterance, header.duration)
    return silent(audio, place) if segment.start >= segment.stop else None


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


def silence_fault(utterance: Utterance, peak: float) -> Diagnostic | None:
    """Say that an utterance whose largest sample is so large is digital silence, or nothing."""
    if peak >= SILENCE:
        return None
    message = f"`{utterance.audio}` is silence: no sample is above {SILENCE:g} of full scale"
    return Diagnostic("PD043", message, utterance.place, help="record it again, or take it out")


def segment_of(utterance: Utterance, header: AudioHeader) -> Segment:
    """Which frames of a recording are meant; up to its end where that is close by."""
    beyond = header.duration + 1.0  # a number that is too large for a count of frames is beyond
    start = min(utterance.offset or 0.0, beyond)
    stop = round(min(start + utterance.duration, beyond) * header.sample_rate)
    if abs(stop - header.frames) <= SLACK * header.sample_rate:
        stop = header.frames
    return Segment(round(start * header.sample_rate), stop)


def wrong_length(utterance: Utterance, found: float) -> Diagnostic:
    """Say that a recording ends after so many seconds, other than its manifest says."""
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
