from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.graphs.check import load_graph
from phonograph.graphs.size_origins import port_origins, value_origin
from phonograph.graphs.solved import SolvedGraph
from phonograph.types.equalities import Unknown

GRAPH = """\
phonograph: 1
name: small
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio}
  encoder: {module: asr.conformer, from: mel.features, with: {d_model: 8, layers: 1}}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
views:
  train: {run: [loss.loss]}
  infer: {feed: [data.audio], run: [head.log_probs]}
"""


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SolvedGraph:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(GRAPH, encoding="utf-8")
    return load_graph(Path("small.yaml"), [], default_registry())


def test_a_size_names_the_line_that_decided_it(graph):
    encoded = graph.nodes["encoder"].outputs["encoded"]
    assert list(port_origins(graph, "encoder", encoded)) == ["8 is encoder.d_model (small.yaml:8)"]


def test_a_size_is_followed_along_the_wires_to_a_default(graph):
    features = graph.nodes["encoder"].inputs["features"]
    assert list(port_origins(graph, "encoder", features)) == ["80 is mel.n_mels by default"]


def test_a_sum_is_explained_with_its_parts(graph):
    scores = graph.nodes["head"].outputs["log_probs"]
    assert list(port_origins(graph, "head", scores)) == [
        "4 is vocab+1; vocab is data.tokenizer (small.yaml:6)",
        "3 tokens: data.tokenizer (small.yaml:6)",
    ]


def test_a_sample_rate_is_followed_as_well(graph):
    audio = graph.nodes["mel"].inputs["audio"]
    assert list(port_origins(graph, "mel", audio)) == ["8000 Hz: data.sample_rate (small.yaml:6)"]


def test_what_nobody_solved_has_no_origin(graph):
    assert value_origin(graph, Unknown("mel", "hop")) == ""
