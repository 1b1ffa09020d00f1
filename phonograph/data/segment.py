"""Which samples of a recording an utterance is, also where the recording has another rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr

if TYPE_CHECKING:
    import soundfile
    from numpy.typing import NDArray

MARGIN = 0.1
"""Seconds read on either side of a stretch that is resampled, more than the filter is long."""


MP3_MARGIN = 32768
"""Samples; a frame of mp3 may use 511 bytes before it, at the lowest rate 47 frames of 576."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording.

    Args:
        start: its first sample, in each channel.
        stop: the one after its last.
    """

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


def read_segment(file: soundfile.SoundFile, segment: Segment) -> NDArray[np.float32]:
    """Read a stretch, with its channels averaged; shorter where the file breaks off.

    Args:
        file: an open recording.
        segment: within its length.

    Returns:
        float32 samples.
    """
    # after a seek, mp3 starts with silence, or with what it makes of half of its frames
    early = max(0, segment.start - MP3_MARGIN) if file.format == "MP3" else segment.start
    file.seek(early)
    read: NDArray[np.float32] = file.read(segment.stop - early, dtype="float32", always_2d=True)
    samples = read[segment.start - early :]
    return samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float32)


def read_resampled(
    file: soundfile.SoundFile, segment: Segment, frames: int, sample_rate: int
) -> NDArray[np.float32]:
    """Read a stretch at another rate, as if it were cut out of the whole recording at that rate.

    Args:
        file: an open recording.
        segment: the stretch, in samples of the recording.
        frames: length of the recording.
        sample_rate: samples per second of the result.

    Returns:
        float32 samples.
    """
    rate = file.samplerate
    around = math.ceil(MARGIN * rate)
    # where samples of both rates coincide, so that the result lies on the grid of the whole
    grid = rate // math.gcd(rate, sample_rate)
    start = max(0, segment.start - around) // grid * grid
    stop = min(frames, segment.stop + around)
    read = read_segment(file, Segment(start, stop))
    before = round((segment.start - start) * sample_rate / rate)
    wanted = round(len(segment) * sample_rate / rate)
    resampled: NDArray[np.float32] = soxr.resample(read, rate, sample_rate, quality="VHQ")
    return np.ascontiguousarray(resampled[before : before + wanted])
