"""Measured statistics give features of mean 0 and deviation 1 over the training data."""

import json
import sys

import numpy as np
import pytest
import soundfile
import torch

from phonograph.collections import default_registry
from phonograph.graphs.check import load_graph
from phonograph.graphs.model import build
from phonograph.training.split import open_split

GRAPH = """\
phonograph: 1
name: measured
modules:
  data:
    module: asr.manifest
    with: {train: t.jsonl, sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  dither: {module: asr.dither, from: data.audio, only: train, with: {amount: 0.5}}
  front: {module: FRONT, from: dither.audio, with: {WITH}}
views:
  train: {run: [front.features, front.lengths]}
"""


@pytest.fixture
def graph(tmp_path):
    """Return a writer of graphs over three recordings."""
    lines = []
    for name, seconds in (("a", 1.0), ("b", 0.6), ("c", 0.3)):
        samples = np.random.default_rng(ord(name)).normal(0, 0.1, round(8000 * seconds))
        soundfile.write(tmp_path / f"{name}.wav", samples, 8000)
        line = {"audio_filepath": f"{name}.wav", "duration": seconds, "text": "a"}
        lines.append(json.dumps(line) + "\n")
    (tmp_path / "t.jsonl").write_text("".join(lines), encoding="utf-8")

    def write(front, arguments):
        text = GRAPH.replace("FRONT", front).replace("WITH", arguments)
        (tmp_path / "graph.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "graph.yaml"

    return write


def _run(script, monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["measure_features.py", *map(str, arguments)])
    return script.main(), capsys.readouterr()


@pytest.mark.parametrize(
    ("front", "arguments"),
    [("asr.log_mel", "n_mels: 5"), ("asr.mfcc", "n_mfcc: 4"), ("asr.log_spectrogram", "bins: 81")],
)
def test_the_printed_line_normalises_the_set(
    load_script, monkeypatch, capsys, graph, front, arguments
):
    script = load_script("measure_features")
    status, told = _run(script, monkeypatch, capsys, graph(front, arguments), "front")
    assert (status, told.err) == (0, "193 frames\n")
    path = graph(front, f"{arguments}, {told.out.strip()}")
    model = build(load_graph(path, [], default_registry()))
    model.module.eval()
    split, frames = open_split(model, "train"), []
    for batch in split.evaluation():
        features, lengths = (split.view(batch)[port] for port in split.view.view.outputs[:2])
        frames += [row[:, :length] for row, length in zip(features, lengths, strict=True)]
    together = torch.cat(frames, 1)
    width = len(together)
    torch.testing.assert_close(together.mean(1), torch.zeros(width), atol=1e-3, rtol=0)
    torch.testing.assert_close(together.std(1), torch.ones(width), atol=1e-3, rtol=0)


def test_a_node_that_does_not_normalise_is_refused(load_script, monkeypatch, capsys, graph):
    script, path = load_script("measure_features"), graph("asr.log_mel", "n_mels: 5")
    with pytest.raises(SystemExit) as ended:
        _run(script, monkeypatch, capsys, path, "dither")
    assert ended.value.code == 2
    told = "error: `dither` is no front end that normalises; there is `front`\n"
    assert capsys.readouterr().err.endswith(told)


def test_a_graph_at_fault_is_told_without_a_traceback(load_script, monkeypatch, capsys, tmp_path):
    script = load_script("measure_features")
    status, told = _run(script, monkeypatch, capsys, tmp_path / "none.yaml", "front")
    assert status == 1
    assert told.err.startswith("error[PG")
