"""Every format that soundfile reads serves training, whole and in parts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from phonograph.data.audio_file import AudioHeader, probe, read_audio
from phonograph.data.manifest import Utterance

RATE = 16000
SECONDS = 2.5
FORMATS = {
    "a.wav": ("WAV", "PCM_16", 1e-4),
    "a.flac": ("FLAC", "PCM_16", 1e-4),
    "a.ogg": ("OGG", "VORBIS", 0.1),
    "a.opus": ("OGG", "OPUS", 0.1),
    "a.mp3": ("MP3", "MPEG_LAYER_III", 0.1),
}
"""Container, coding, and how far (root mean square, of the signal's) a sample may come back."""

PARTS = [(0.0, 0.3), (0.0001, 0.2), (0.777, 0.5), (1.2345, 1.0), (2.4, 0.1)]


def _sweep() -> np.ndarray:
    """A rising tone, in which no two stretches are alike: a shift by one sample is seen."""
    time = np.arange(round(SECONDS * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * (200 + 300 * time) * time)).astype(np.float32)


def _written(folder: Path, name: str) -> Utterance:
    container, coding, _ = FORMATS[name]
    soundfile.write(folder / name, _sweep(), RATE, format=container, subtype=coding)
    return Utterance(
        id="a",
        audio=folder / name,
        duration=SECONDS,
        text="yes",
        manifest=folder / "train.jsonl",
        line=1,
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_recording_has_the_length_of_what_was_written(tmp_path, name):
    utterance = _written(tmp_path, name)
    assert probe(utterance.audio) == AudioHeader(RATE, 1, round(SECONDS * RATE))
    assert len(read_audio(utterance, RATE)) == round(SECONDS * RATE)


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_recording_is_what_was_written_without_a_shift(tmp_path, name):
    read = read_audio(_written(tmp_path, name), RATE).numpy()
    written = _sweep()
    error = np.sqrt(np.mean((read - written) ** 2) / np.mean(written**2))
    assert error < FORMATS[name][2]


@pytest.mark.parametrize(("offset", "duration"), PARTS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_part_equals_the_cut_of_the_whole(tmp_path, name, offset, duration):
    whole = _written(tmp_path, name)
    part = read_audio(replace(whole, offset=offset, duration=duration), RATE)
    start = round(offset * RATE)
    cut = read_audio(whole, RATE)[start : start + len(part)]
    assert abs(len(part) - duration * RATE) <= 1
    assert torch.allclose(part, cut, atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_a_part_late_in_an_mp3_does_not_start_with_false_silence(tmp_path, rate):
    time = np.arange(6 * rate) / rate
    tone = 0.4 * np.sin(2 * np.pi * (100 + 60 * time) * time)
    soundfile.write(tmp_path / "a.mp3", tone, rate, format="MP3", subtype="MPEG_LAYER_III")
    whole = Utterance(
        id="a",
        audio=tmp_path / "a.mp3",
        duration=6.0,
        text="yes",
        manifest=tmp_path / "train.jsonl",
        line=1,
    )
    part = read_audio(replace(whole, offset=5.0, duration=0.5), rate)
    cut = read_audio(whole, rate)[5 * rate : 5 * rate + len(part)]
    assert torch.allclose(part, cut, atol=1e-4)
