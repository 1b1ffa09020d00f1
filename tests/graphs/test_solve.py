"""Solving whole graphs: sizes and vocabularies travel both ways, and what is open is told once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.graphs.document import parse_document
from phonograph.graphs.left_open import left_open
from phonograph.graphs.solve import solve_graph
from phonograph.graphs.solved import Extent
from phonograph.graphs.spec_reader import read_spec
from phonograph.types.vocabulary import Vocabulary

REGISTRY = default_registry()
DATA = "sample_rate: 8000, tokenizer: {type: characters, alphabet: ab}"
LOSS = "  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}\n"
TEXT = "  text: {module: asr.ctc_greedy, from: head.log_probs}\n"
RECURRENT = ("asr.conformer", "asr.recurrent")
HEAD = "from: encoder.encoded"
GRAPH = """\
phonograph: 1
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: ab}}
  mel: {module: asr.log_mel, from: data.audio}
  encoder: {module: asr.conformer, from: mel.features, with: {layers: 1}}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
"""


def solve(*edits):
    text = GRAPH
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return solve_graph(read_spec(parse_document(text, "x", Path()))[0], REGISTRY)


def parameters(node, *edits):
    graph, faults = solve(*edits)
    assert faults == []
    return graph.nodes[node].parameters


def test_sizes_travel_with_the_data():
    assert parameters("mel")["sample_rate"] == 8000
    assert parameters("encoder")["feat_in"] == 80
    assert parameters("head")["feat_in"] == 144
    narrow = ("from: data.audio", "from: data.audio, with: {n_mels: 40}")
    assert parameters("encoder", narrow)["feat_in"] == 40


def test_sizes_travel_against_the_data():
    upstream = parameters("mel", ("{layers: 1}", "{layers: 1, feat_in: 64}"))
    assert upstream["n_mels"] == 64
    upstream = parameters("encoder", RECURRENT, (HEAD, f"{HEAD}, with: {{feat_in: 32}}"))
    assert upstream["d_model"] == 32


def test_a_default_counts_only_where_nothing_else_is_known():
    assert parameters("encoder")["d_model"] == 144


def test_a_vocabulary_reaches_every_module_as_it_wants_it():
    assert parameters("head")["vocab"] == 2
    assert parameters("loss")["vocab"] == 2
    assert parameters("text")["vocab"] == Vocabulary.of(2, {"type": "characters", "alphabet": "ab"})


def test_ports_are_printed_with_everything_that_is_known():
    graph, _ = solve()
    assert graph is not None
    assert str(graph.nodes["data"].outputs["audio"]) == "Audio[B, S] (rate 8000)"
    printed = str(graph.nodes["head"].outputs["log_probs"])
    assert printed.startswith("LogProbs[B, ceil((floor(S/80)+1)/4), 3] (vocab 2 tokens")
    assert str(graph.nodes["loss"].outputs["loss"]) == "Loss"


def test_the_frame_period_comes_from_the_graph():
    assert parameters("text")["frame_period"] == pytest.approx(0.04)
    faster = parameters("text", ("{layers: 1}", "{layers: 1, stride: 2}"))
    assert faster["frame_period"] == pytest.approx(0.02)


def test_a_frame_period_that_is_given_stays():
    edit = (
        "text: {module: asr.ctc_greedy, from: head.log_probs",
        "text: {module: asr.ctc_greedy, from: head.log_probs, with: {frame_period: 1.5}",
    )
    assert parameters("text", edit)["frame_period"] == 1.5


def test_the_physical_rate_is_a_fraction():
    graph, _ = solve()
    assert graph is not None
    time = graph.nodes["head"].outputs["log_probs"].time
    assert isinstance(time, Extent)
    assert time.steps_per_second == Fraction(25)


def test_nodes_come_in_the_order_of_the_data():
    graph, _ = solve()
    assert graph is not None
    assert list(graph.nodes) == ["data", "mel", "encoder", "head", "loss", "text"]


OPEN = [
    (
        ("tokenizer: {type: characters, alphabet: ab}", "tokenizer: '???'"),
        "modules.data.with.tokenizer",
    ),
    (("alphabet: ab", "alphabet: '???'"), "modules.data.with.tokenizer.alphabet"),
    (("sample_rate: 8000", "sample_rate: '???'"), "modules.data.with.sample_rate"),
    (("{layers: 1}", "{layers: 1, d_model: '???'}"), "modules.encoder.with.d_model"),
    (("sample_rate: 8000", "sample_rate: 8000, train: '???'"), "modules.data.with.train"),
]


@pytest.mark.parametrize(("edit", "missing"), OPEN)
def test_what_is_left_open_is_no_fault_and_is_listed(edit, missing):
    graph, faults = solve(edit)
    assert faults == []
    assert graph is not None
    assert list(left_open(graph)) == [missing]


@pytest.mark.parametrize(
    ("edits", "messages"),
    [
        (
            [(DATA, "tokenizer: {type: characters, alphabet: ab}")],
            ["`sample_rate` of `data` cannot be inferred"],
        ),
        ([(DATA, "sample_rate: 8000")], ["`tokenizer` of `data` is missing"]),
        (
            [(DATA, "sample_rate: 8000, tokeniser: 1")],
            ["`asr.manifest` has no parameter `tokeniser`"],
        ),
        ([("asr.ctc_loss", "asr.ctc_los"), (TEXT, "")], ["unknown module `asr.ctc_los`"]),
        (
            [("log_probs: head.log_probs, ", ""), (TEXT, "")],
            ["the input `log_probs` of `loss` (LogProbs) is not wired"],
        ),
        ([(LOSS, "")], ["`vocab` of `head` cannot be inferred"]),
        (
            [(LOSS, ""), ("from: data.audio", "from: data.audi")],
            [
                "`data` (asr.manifest) has no output `audi`",
                "`vocab` of `head` cannot be inferred",
            ],
        ),
    ],
)
def test_what_follows_from_a_fault_is_not_told_besides(edits, messages):
    assert [fault.message for fault in solve(*edits)[1]] == messages


def test_no_default_decides_what_is_left_open():
    edit = ("{layers: 1}", "{layers: 1, d_model: '???'}")
    graph, _ = solve(RECURRENT, edit)
    assert graph is not None
    assert graph.nodes["encoder"].outputs["encoded"].sizes[1] == "d_model"
    assert graph.nodes["head"].parameters["feat_in"] is None
    given = parameters("encoder", RECURRENT, edit, (HEAD, f"{HEAD}, with: {{feat_in: 8}}"))
    assert given["d_model"] == 8
