"""What the samples of an utterance are in numbers, and what these say is strange."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from phonograph.data.audio_file import silence_fault
from phonograph.data.manifest import Utterance
from phonograph.errors import Diagnostic

if TYPE_CHECKING:
    from numpy.typing import NDArray

FULL_SCALE = 0.999
"""Of full scale; samples in a row that are as loud were cut off."""

CLIPPED_RUN = 3
"""Samples in a row at full scale, from which they count as clipped."""

CLIPPED_SHARE = 0.001
"""Of all samples; more that are clipped are told."""

OFFSET = 0.01
"""Of full scale; a larger mean is told."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The samples of an utterance in numbers.

    Args:
        samples: how many at the rate of the graph.
        seconds: how long.
        peak: the largest magnitude, 1 is full scale.
        mean: the DC offset.
        clipped: the share of samples in runs at full scale, 0 to 1.
        digest: equal for equal samples.
    """

    samples: int
    seconds: float
    peak: float
    mean: float
    clipped: float
    digest: bytes


def measure(samples: NDArray[np.float32], sample_rate: int, heard_rate: int) -> Sound:
    """Measure the samples of an utterance.

    Args:
        samples: mono, [S], at least one, all of them finite.
        sample_rate: samples per second of the recording.
        heard_rate: samples per second of the graph, to which it is brought.

    >>> sound = measure(np.full(8000, 0.5, np.float32), 8000, 16000)
    >>> sound.samples, sound.seconds, sound.peak, sound.mean, sound.clipped
    (16000, 1.0, 0.5, 0.5, 0.0)
    """
    magnitude = np.abs(samples)
    peak = float(magnitude.max())
    return Sound(
        samples=round(len(samples) * heard_rate / sample_rate),
        seconds=len(samples) / sample_rate,
        peak=peak,
        mean=float(samples.mean(dtype=np.float64)),
        clipped=_clipped(magnitude) if peak >= FULL_SCALE else 0.0,
        digest=blake2b(np.ascontiguousarray(samples).data, digest_size=12).digest(),
    )


def _clipped(magnitude: NDArray[np.float32]) -> float:
    """Return the share of samples that stand in runs at full scale."""
    loud = np.concatenate([[False], magnitude >= FULL_SCALE, [False]])
    edges = np.flatnonzero(loud[1:] != loud[:-1])
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= CLIPPED_RUN].sum() / len(magnitude))


def sound_faults(utterance: Utterance, sound: Sound) -> Iterator[Diagnostic]:
    """Say what is strange about the samples of an utterance."""
    audio = utterance.audio
    silence = silence_fault(utterance, sound.peak)
    if silence is not None:
        yield silence
        return
    if sound.clipped >= CLIPPED_SHARE:
        message = f"`{audio}` is clipped: {100 * sound.clipped:.2g} % of its samples are cut off"
        help_ = "record it at a lower level, or convert it from the source with less gain"
        yield Diagnostic("PD036", message, utterance.place, help=help_)
    if abs(sound.mean) >= OFFSET:
        message = f"`{audio}` has a DC offset of {sound.mean:+.3f} of full scale"
        help_ = "take it out with a high-pass filter, such as `sox IN OUT highpass 20`"
        yield Diagnostic("PD037", message, utterance.place, help=help_)
