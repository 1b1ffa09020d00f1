"""A stretch of a recording as an address that holds its sound, for a player in a page."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import soundfile

HIGHEST_RATE = 16000
"""Samples per second; speech needs no more to be judged."""

LONGEST = 30.0
"""Seconds."""


def audio_clip(path: Path, offset: float = 0.0, duration: float = LONGEST) -> str | None:
    """Read a stretch of a recording and compress it.

    Args:
        path: the recording.
        offset: seconds at which the stretch starts, at least 0.
        duration: seconds, above 0; 30 at most are taken, and no more than there are.

    Returns:
        `data:audio/ogg;base64,...`, or None where nothing can be read.

    >>> audio_clip(Path("nowhere.wav")) is None
    True
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            file.seek(min(round(offset * rate), file.frames))
            samples = file.read(round(min(duration, LONGEST) * rate), "float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, ValueError):
        return None
    if not len(samples):
        return None
    mono = np.clip(np.nan_to_num(samples.mean(axis=1)), -1, 1)
    if rate > HIGHEST_RATE:
        import soxr

        mono, rate = soxr.resample(mono, rate, HIGHEST_RATE), HIGHEST_RATE
    stream = io.BytesIO()
    try:
        soundfile.write(stream, mono, rate, format="OGG", subtype="VORBIS")
    except soundfile.SoundFileError:  # of a rate that the format does not have
        return None
    return f"data:audio/ogg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
