"""A graph for 16,000 Hz, and speech of the shipped prompts in a few long recordings."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from phonograph.collections import default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs.check import load_graph
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.preflight.preflight import Preflight, preflight

RATE = 16000

GRAPH = """\
phonograph: 1
name: prompts
modules:
  data:
    module: asr.manifest
    with: {train: train.jsonl, validation: null, sample_rate: 16000, batch_seconds: 60,
           tokenizer: {type: characters, alphabet: " abcdefghijklmnopqrstuvwxyz'"}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 16}}
  encoder: {module: asr.conformer, from: mel.features, with: {d_model: 8, layers: 1, stride: 4}}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  train: {run: [loss.loss]}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}}
  infer: {feed: [data.audio], run: [text.text]}
train: {trainer: {max_steps: 1}}
"""

Line = dict[str, Any]
Look = Callable[..., Preflight]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A stretch of a recording, with silence before it, and what is said there."""

    audio: str
    start: float
    seconds: float
    text: str


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Prompt]]:
    """Put the shipped prompts one after another into recordings of about 50 each."""
    folder = tmp_path_factory.mktemp("speech")
    shipped = locate("phonograph://asr/prompts")[0].parent / "prompts"
    lines = (shipped / "train.jsonl").read_text("utf-8").splitlines()
    prompts: list[Prompt] = []
    gap = np.zeros(RATE // 4, np.float32)
    for number in range(0, len(lines), 50):
        pieces, at = [gap], len(gap)
        for line in map(json.loads, lines[number : number + 50]):
            sound, _ = soundfile.read(shipped / line["audio_filepath"], dtype="float32")
            name, text = f"reel{number // 50}.wav", line["text"]
            prompts.append(Prompt(name, at / RATE, len(sound) / RATE, text))
            pieces += [sound, gap]
            at += len(sound) + len(gap)
        soundfile.write(folder / f"reel{number // 50}.wav", np.concatenate(pieces), RATE)
    return folder, prompts


def _tone(seconds: float = 1.0, rate: int = RATE, hertz: float = 300, size: float = 0.3) -> Any:
    time = np.arange(round(seconds * rate)) / rate
    return (size * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.fixture
def tone() -> Callable[..., Any]:
    """Return what makes a tone, float32 [S]."""
    return _tone


def write_lines(path: Path, lines: Sequence[Line | str]) -> None:
    """Write a manifest; a line that is text is written as it stands."""
    written = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{line}\n" for line in written), encoding="utf-8")


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Write manifests and the graph that names them; return what looking at them gives."""

    def run(graph: str = GRAPH, **splits: Sequence[Line | str]) -> Preflight:
        for split, lines in splits.items():
            write_lines(tmp_path / f"{split}.jsonl", lines)
        return preflight(graph_of(tmp_path, graph, splits), threads=2)

    return run


def graph_of(folder: Path, graph: str, splits: Mapping[str, object]) -> SolvedGraph:
    """Load a graph that reads these splits in a folder."""
    path = folder / "graph.yaml"
    path.write_text(graph, encoding="utf-8")
    names = ("train", "validation", "test")
    given = {name: f"{folder}/{name}.jsonl" if name in splits else "null" for name in names}
    overrides = [f"modules.data.with.{name}={value}" for name, value in given.items()]
    return load_graph(path, overrides, default_registry())


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Line]:
    """Write a recording of its own and return the line that names it."""
    count = 0

    def write(samples: Any = None, text: str = "yes", *, rate: int = RATE, **more: Any) -> Line:
        nonlocal count
        count += 1
        samples = _tone(hertz=300 + 7 * count) if samples is None else samples
        name = f"sound{count}.wav"
        soundfile.write(tmp_path / name, samples, rate, subtype="FLOAT")
        return {
            "audio_filepath": name,
            "duration": len(samples) / rate,
            "text": text,
            **more,
        }

    return write


@pytest.fixture
def codes() -> Callable[[Preflight], list[tuple[str, int]]]:
    """Return what lists the code and the line of everything that was found."""
    return lambda found: [
        (group.code, finding.fault.place.line if finding.fault.place else 0)
        for group in found.groups
        for finding in group.findings
    ]
