"""Reading any recording for transcription: kind, and it says what it did."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import soundfile
import soxr
import torch
from torch import Tensor

from phonograph.data.audio_file import AudioHeader, header_of, samples_fault, silent, unreadable
from phonograph.data.ffmpeg_line import ffmpeg_line
from phonograph.errors import DataError, Diagnostic, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

BLOCK = 2**16
"""Frames read at a time: of a long stereo recording only the mono result is held."""


def read_any(source: Path | bytes | BinaryIO, sample_rate: int) -> tuple[Tensor, list[str]]:
    """Read a recording of any rate and channel count, mixed to mono and resampled as needed.

    Args:
        source: a file, its content, or a binary stream such as `sys.stdin.buffer`.
        sample_rate: samples per second of the result.

    Returns:
        float32 samples [S] and one note, a short clause, for each change made.

    Raises:
        DataError: the content is missing, empty, broken, or in a format soundfile does not
            read; the message then has the ffmpeg line that converts it.

    >>> content = io.BytesIO()
    >>> soundfile.write(content, np.zeros((8000, 2)), 8000, format="wav")
    >>> samples, notes = read_any(content.getvalue(), 16000)
    >>> samples.shape, notes
    (torch.Size([16000]), ['mixed 2 channels to mono', 'resampled from 8000 to 16000 Hz'])
    """
    path = source if isinstance(source, Path) else Path("standard input")
    place = Place(str(path))
    try:
        with soundfile.SoundFile(_openable(source)) as file:
            header = header_of(file)
            blocks = list(_resampled(_mono_blocks(file), header, sample_rate))
            read = file.tell()
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(_not_read(source, path, sample_rate, error)) from error
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    fault = (
        samples_fault(path, place, samples, sample_rate) if len(samples) else silent(path, place)
    )
    if fault is not None:
        raise DataError(fault)
    return torch.from_numpy(samples), _notes(header, sample_rate, read)


def _openable(source: Path | bytes | BinaryIO) -> Path | BinaryIO:
    if isinstance(source, Path):
        return source
    # a pipe cannot seek, and soundfile has to
    return io.BytesIO(source if isinstance(source, bytes) else source.read())


def _mono_blocks(file: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
        yield block.mean(axis=1)


def _resampled(
    blocks: Iterator[NDArray[np.float32]], header: AudioHeader, sample_rate: int
) -> Iterator[NDArray[np.float32]]:
    if header.sample_rate == sample_rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(header.sample_rate, sample_rate, 1, dtype="float32", quality="VHQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _notes(header: AudioHeader, sample_rate: int, read: int) -> list[str]:
    notes = []
    if read < header.frames:
        found, said = read / header.sample_rate, header.duration
        notes.append(f"the file breaks off after {found:.2f} s, its header says {said:.2f} s")
    if header.channels > 1:
        notes.append(f"mixed {header.channels} channels to mono")
    if header.sample_rate != sample_rate:
        notes.append(f"resampled from {header.sample_rate} to {sample_rate} Hz")
    return notes


def _not_read(
    source: Path | bytes | BinaryIO, path: Path, sample_rate: int, error: Exception
) -> Diagnostic:
    if source == b"":
        return silent(path, Place(str(path)))
    if not isinstance(source, Path):
        message = "standard input is not audio that can be read"
        help_ = f"pipe it through: ffmpeg -i - -ac 1 -ar {sample_rate} -f wav -"
        return Diagnostic("PD010", message, Place(str(path)), help=help_)
    fault = unreadable(path, None, error)
    if fault.code != "PD010":
        return fault
    help_ = f"convert it first: {ffmpeg_line(path, sample_rate)}"
    return Diagnostic(fault.code, fault.message, fault.place, help=help_)
