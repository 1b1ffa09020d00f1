"""One small graph with generated speech-like noise, and toys, for tests of whole graphs."""

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

from phonograph.collections import default_registry
from phonograph.graphs.check import Checked, check_graph, load_graph
from phonograph.graphs.solved import SolvedGraph
from phonograph.types.registry import Registry

TINY = """\
phonograph: 1
name: tiny
modules:
  data:
    module: asr.manifest
    with: {train: train.jsonl, sample_rate: 16000, tokenizer: {type: characters, alphabet: "ab "}}
  mel:     {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}
  augment: {module: asr.spec_augment, from: mel.features, only: train}
  encoder:
    module: asr.conformer
    from: augment.features
    with: {d_model: 8, layers: 1, block: {heads: 2, kernel: 3}}
  head:    {module: asr.ctc_head, from: encoder.encoded}
  loss:    {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text:    {module: asr.ctc_greedy, from: head.log_probs}
views:
  train:    {run: [loss.loss]}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}, split: train}
  infer:    {feed: [data.audio], run: [text.text]}
"""


@pytest.fixture
def registry() -> Registry:
    return default_registry()


@pytest.fixture
def tiny(tmp_path: Path, registry: Registry) -> Callable[..., SolvedGraph]:
    """Load the tiny graph from a folder with audio; overrides are `key=value` texts."""
    lines = []
    for index, text in enumerate(["ab", "a b", "ba"]):
        samples = np.random.default_rng(index).normal(0, 0.1, 8000 + 1600 * index)
        soundfile.write(tmp_path / f"{index}.wav", samples, 16000)
        line = {"audio_filepath": f"{index}.wav", "duration": len(samples) / 16000, "text": text}
        lines.append(json.dumps(line))
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    (tmp_path / "tiny.yaml").write_text(TINY)

    def load(*overrides: str) -> SolvedGraph:
        return load_graph(tmp_path / "tiny.yaml", overrides, registry)

    return load


def _read_toys() -> ModuleType:
    """Import `toys.py`; a registry finds its classes by the name of the module."""
    spec = importlib.util.spec_from_file_location("toys", Path(__file__).with_name("toys.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.setdefault("toys", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


TOYS = _read_toys()


@pytest.fixture
def toys() -> ModuleType:
    """Small modules, and graphs of them drawn at random."""
    return TOYS


@pytest.fixture
def check_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Checked]:
    """Write files (name -> text or data) into the working directory, and check one of them."""
    monkeypatch.chdir(tmp_path)

    def check(
        files: Mapping[str, Any], *overrides: str, top: str = "top.yaml", **options: Any
    ) -> Checked:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = content if isinstance(content, str) else json.dumps(content, indent=1)
            path.write_text(text, encoding="utf-8")
        options.setdefault("registry", TOYS.toy_registry())
        checked = check_graph(tmp_path / top, overrides, name=top, **options)
        assert (checked.graph is None) == bool(checked.faults)
        return checked

    return check
