"""A language of tones, and small graphs that learn it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from phonograph.collections import default_registry
from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.graphs.bundle import save_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import build
from phonograph.graphs.solved import SolvedGraph
from phonograph.training.fit import fit
from phonograph.training.fit_result import FitResult
from phonograph.training.scoring import Metric

RATE = 8000
METRICS: dict[str, Metric] = {"wer": word_errors, "cer": character_errors}
PITCH = {"a": 400, "b": 900, "c": 1600, "d": 2600}
TEXTS = ("ab", "cad", "dab c", "bad", "ac", "d a", "cab", "bd")

GRAPH = """\
phonograph: 1
name: tones
modules:
  data:
    module: asr.manifest
    with: {train: train.jsonl, validation: validation.jsonl, sample_rate: 8000, batch_seconds: 2,
           tokenizer: {type: characters, alphabet: "abcd "}}
  mel:     {module: asr.log_mel, from: data.audio, with: {n_mels: 16}}
  encoder:
    module: asr.conformer
    from: mel.features
    with: {d_model: 16, layers: 1, stride: 2, block: {heads: 2, kernel: 7}}
  head:    {module: asr.ctc_head, from: encoder.encoded}
  loss:    {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text:    {module: asr.ctc_greedy, from: head.log_probs}
views:
  train:    {run: [loss.loss]}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text], cer: [text.text, data.text]}}
  infer:    {feed: [data.audio], run: [text.text]}
train: {optimizer: {name: adamw, lr: 5e-3}, trainer: {max_steps: 6, accelerator: cpu}}
"""

Load = Callable[..., SolvedGraph]
Train = Callable[..., FitResult]


def sing(text: str) -> np.ndarray:
    """A tone for each letter, and silence for a space."""
    time = np.arange(RATE // 8) / RATE
    return np.concatenate([0.4 * np.sin(2 * np.pi * PITCH.get(c, 0) * time) for c in text])


def write_manifest(folder: Path, name: str, texts: Sequence[str]) -> Path:
    """Record texts and list them."""
    lines = []
    for number, text in enumerate(texts):
        audio = sing(text)
        soundfile.write(folder / f"{name}{number}.wav", audio, RATE)
        lines.append(
            {
                "audio_filepath": f"{name}{number}.wav",
                "duration": len(audio) / RATE,
                "text": text,
                "id": f"{name}{number}",
            }
        )
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def metrics() -> dict[str, Metric]:
    """How recognisers are scored."""
    return METRICS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the graph and its recordings."""
    return _fill(tmp_path)


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> SolvedGraph:
    """The graph, for tests that do not change it."""
    folder = _fill(tmp_path_factory.mktemp("tones"))
    return load_graph(folder / "graph.yaml", [], default_registry())


def _fill(folder: Path) -> Path:
    (folder / "graph.yaml").write_text(GRAPH, encoding="utf-8")
    write_manifest(folder, "train", TEXTS)
    write_manifest(folder, "validation", ["abd", "ca b"])
    return folder


@pytest.fixture
def train(folder: Path, load: Load) -> Train:
    """Train the graph, with overrides; what is said is kept in `said.txt`."""

    def trained(*overrides: str, run: str = "run", **also: Any) -> FitResult:
        def say(line: str) -> None:
            with (folder / "said.txt").open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")

        given = {"metrics": METRICS, "say": say, **also}
        return fit(load(*overrides), default_registry(), folder / run, **given)

    return trained


@pytest.fixture
def load(folder: Path) -> Load:
    """Load the graph, with overrides."""
    registry = default_registry()

    def loaded(*overrides: str) -> SolvedGraph:
        return load_graph(folder / "graph.yaml", overrides, registry, metrics=METRICS)

    return loaded


@pytest.fixture
def frozen(folder: Path, load: Load) -> tuple[str, ...]:
    """Overrides that start from a bundle and freeze its encoder."""
    graph = load()
    save_bundle(folder / "start.phono", graph, build(graph).module.state_dict(), {})
    return (f"init={{from: {folder}/start.phono, exclude: [head], freeze: [encoder]}}",)
