"""Recordings of noise, of which stretches are read at random."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import torch

from phonograph.data.audio_file import AudioHeader, probe, samples_fault, unreadable
from phonograph.data.faults import data_error
from phonograph.data.ffmpeg_line import ffmpeg_line
from phonograph.data.segment import Segment, read_segment
from phonograph.errors import DataError, Diagnostic, Place

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

SOUND = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3"})


class NoiseFolder:
    """The recordings in a folder and in those below it; only a stretch at a time is in memory.

    Args:
        folder: where they are.
        sample_rate: samples per second that each of them must have.

    Raises:
        DataError: there are none, or some cannot be used.
    """

    def __init__(self, folder: Path, sample_rate: int) -> None:
        if not folder.is_dir():
            place, help = Place(str(folder)), "check the path"
            raise DataError(Diagnostic("PD060", "there is no such folder", place, help=help))
        files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SOUND)
        if not files:
            place = Place(str(folder))
            help = f"put recordings there: {', '.join(sorted(SOUND))}"
            raise DataError(
                Diagnostic("PD060", "there is no noise in this folder", place, help=help)
            )
        faults: list[Diagnostic] = []
        self._files: list[tuple[Path, AudioHeader]] = []
        for file in files:
            try:
                header = probe(file)
            except DataError as error:
                faults += error.diagnostics
                continue
            if header.sample_rate != sample_rate or header.frames == 0:
                faults.append(_unfit(file, header, sample_rate))
            self._files.append((file, header))
        if faults:
            raise data_error(faults)
        self._ends = np.asarray(list(accumulate(header.frames for _, header in self._files)))

    def stretch(self, which: float, where: float, length: int) -> Tensor:
        """Read a stretch, from a recording drawn by its length.

        Args:
            which: chooses the recording, in [0, 1).
            where: chooses the place in it, in [0, 1).
            length: samples; a shorter recording is repeated.

        Returns:
            [length] float32.

        Raises:
            DataError: the stretch cannot be read, or has samples that are not numbers.
        """
        place = int(which * self._ends[-1])
        file, header = self._files[int(np.searchsorted(self._ends, place, side="right"))]
        if header.frames >= length:
            start = int(where * (header.frames - length + 1))
            samples = _read(file, header, Segment(start, start + length))
        else:
            whole = _read(file, header, Segment(0, header.frames))
            samples = np.resize(np.roll(whole, -int(where * header.frames)), length)
        return torch.from_numpy(np.ascontiguousarray(samples))


def _read(file: Path, header: AudioHeader, segment: Segment) -> NDArray[np.float32]:
    try:
        with soundfile.SoundFile(file) as recording:
            samples = read_segment(recording, segment)
        if len(samples) < len(segment):
            found = (segment.start + len(samples)) / header.sample_rate
            raise OSError(f"it ends at {found:.3f} s, its header says {header.duration:.3f} s")
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(unreadable(file, None, error)) from error
    if fault := samples_fault(file, None, samples, header.sample_rate):
        raise DataError(fault)
    return samples


def _unfit(file: Path, header: AudioHeader, sample_rate: int) -> Diagnostic:
    if header.frames == 0:
        return Diagnostic("PD012", f"`{file}` holds no sound", Place(str(file)), help="take it out")
    message = f"`{file}` has {header.sample_rate} samples per second, needed: {sample_rate}"
    help = f"convert it: {ffmpeg_line(file, sample_rate)}"
    return Diagnostic("PD011", message, Place(str(file)), help=help)
