"""Small recordings and manifests, made on the spot."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from phonograph.data.manifest import Utterance

Record = Callable[..., Path]
Write = Callable[..., Path]
Say = Callable[..., Utterance]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Write a tone: name, seconds, samples per second, channels."""

    def write(name: str, seconds: float = 0.5, rate: int = 8000, channels: int = 1) -> Path:
        time = np.arange(round(seconds * rate)) / rate
        tone = 0.5 * np.sin(2 * np.pi * 440 * time)
        soundfile.write(tmp_path / name, np.repeat(tone[:, None], channels, axis=1), rate)
        return tmp_path / name

    return write


@pytest.fixture
def write_manifest(tmp_path: Path) -> Write:
    """Write a manifest of mappings, or of raw lines."""

    def write(*lines: Mapping[str, object] | str) -> Path:
        path = tmp_path / "train.jsonl"
        text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("".join(line + "\n" for line in text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def say(tmp_path: Path, record: Record) -> Say:
    """Record a tone and make the utterance that a manifest's line would give."""

    def make(name: str, line: int = 1, text: str = "yes", **recording: float) -> Utterance:
        audio = record(name, **recording)
        return Utterance(
            id=audio.stem,
            audio=audio,
            duration=recording.get("seconds", 0.5),
            text=text,
            manifest=tmp_path / "train.jsonl",
            line=line,
        )

    return make
