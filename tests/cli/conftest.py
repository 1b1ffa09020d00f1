"""The command line in this process, a small graph, an untrained bundle, a few noises."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner, Result

from phonograph.cli.main import app
from phonograph.collections import default_registry
from phonograph.graphs.bundle import save_bundle
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import build

Run = Callable[..., Result]
Record = Callable[..., Path]

GRAPH = """\
phonograph: 1
name: small
modules:
  data:
    module: asr.manifest
    with: {train: train.jsonl, validation: validation.jsonl, sample_rate: 8000,
           tokenizer: {type: characters, alphabet: "abcdefghijklmnopqrstuvwxyz "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 16}}
  encoder: {module: asr.conformer, from: mel.features, with: {d_model: 8, layers: 1, stride: 2}}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
views:
  train: {run: [loss.loss]}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text], cer: [text.text, data.text]}}
  infer: {feed: [data.audio], run: [text.text]}
train:
  optimizer: {name: adamw, lr: 1e-3}
  trainer: {max_steps: 2}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Run:
    """Run a command as the shell would."""

    def invoke(*arguments: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin, prog_name="phonograph")

    return invoke


@pytest.fixture
def graph_file(here: Path) -> str:
    (here / "small.yaml").write_text(GRAPH, encoding="utf-8")
    return "small.yaml"


@pytest.fixture
def bundle(here: Path, graph_file: str) -> str:
    """Write a recogniser for 8000 Hz that says something, though nothing sensible."""
    torch.manual_seed(0)
    graph = load_graph(Path(graph_file), [], default_registry())
    weights = build(graph).module.state_dict()
    weights["head.linear.weight"] *= 20
    save_bundle(here / "small.phono", graph, weights, {})
    return "small.phono"


@pytest.fixture
def record() -> Record:
    """Write noise: name, seconds, samples per second, channels."""

    def write(name: str, seconds: float = 0.5, rate: int = 8000, channels: int = 1) -> Path:
        size = (round(seconds * rate), channels)
        noise = np.random.default_rng(size[0]).normal(0, 0.1, size)
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(name, noise, rate)
        return Path(name)

    return write


@pytest.fixture
def manifests(here: Path, record: Record) -> list[str]:
    """Write the two manifests that the small graph names, of three utterances each."""
    lines = []
    for index, text in enumerate(["ab", "a b", "ba"]):
        name, seconds = f"{index}.wav", 0.5 + index / 10
        record(name, seconds)
        lines.append(json.dumps({"audio_filepath": name, "duration": seconds, "text": text}))
    names = ["train.jsonl", "validation.jsonl"]
    for name in names:
        (here / name).write_text("\n".join(lines), encoding="utf-8")
    return names
