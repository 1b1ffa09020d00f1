"""Reading a document as a graph keeps what is clear."""

from pathlib import Path

import pytest

from phonograph.graphs.document import parse_document
from phonograph.graphs.spec import NodeSpec, PortName, ViewSpec
from phonograph.graphs.spec_reader import read_spec


def read(text):
    spec, faults = read_spec(parse_document(text, "x.yaml", Path()))
    return spec, [fault.message for fault in faults]


def test_everything_written_is_read():
    spec, faults = read("""
        phonograph: 1
        name: small
        modules:
          mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8}, only: train}
          loss: {module: asr.ctc_loss, from: {targets: data.tokens}}
          gone: null
        views:
          train: {run: [loss.loss]}
          infer: {feed: [data.audio], run: [mel.features]}
          score: {run: [mel.features], split: test, score: {wer: [a.text, b.text]}}
        init: {from: x.phono}
        train: {seed: 3}
    """)
    assert faults == []
    assert spec.name == "small"
    audio, tokens = PortName("data", "audio"), PortName("data", "tokens")
    features = PortName("mel", "features")
    assert spec.nodes == {
        "mel": NodeSpec("mel", "asr.log_mel", {None: audio}, {"n_mels": 8}, "train"),
        "loss": NodeSpec("loss", "asr.ctc_loss", {"targets": tokens}, {}),
    }
    pair = (PortName("a", "text"), PortName("b", "text"))
    assert spec.views == {
        "train": ViewSpec("train", (PortName("loss", "loss"),), split="train"),
        "infer": ViewSpec("infer", (features,), feed=(audio,)),
        "score": ViewSpec("score", (features,), split="test", score={"wer": pair}),
    }
    assert (spec.init, spec.train) == ({"from": "x.phono"}, {"seed": 3})


def test_a_graph_without_a_name_is_called_graph():
    assert read("{phonograph: 1, modules: {mel: {module: asr.log_mel}}}")[0].name == "graph"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("name: [a]", "`name` must be text, got a list"),
        ("vars: 3", "`vars` must be a mapping, got 3"),
        ("views: [train]", "`views` must be a mapping, got a list"),
        ("views: {train: loss.loss}", 'a view is a mapping, got the text "loss.loss"'),
        ("views: {train: {run: [a.b], runs: 1}}", "unknown key `runs` under `views.train`"),
        ("views: {train: {rum: [a.b]}}", "unknown key `rum` under `views.train`"),
        ("views: {train: {run: a.b}}", '`run` must be a list, got the text "a.b"'),
        ("views: {train: {run: [a]}}", 'this must be `node.port`, got the text "a"'),
        ("views: {train: {run: [[a.b]]}}", "this must be `node.port`, got a list"),
        ("views: {train: {run: [a.b], score: 3}}", "`score` must be a mapping, got 3"),
        (
            "views: {train: {run: [a.b], score: {wer: [a.b]}}}",
            "`wer` must be [hypothesis port, reference port]",
        ),
        (
            "views: {train: {run: [a.b], score: {wer: [a.b, c]}}}",
            'this must be `node.port`, got the text "c"',
        ),
        ("init: x.phono", '`init` must be a mapping, got the text "x.phono"'),
        ("train: {max_steps: 3}", "unknown key `max_steps` under `train`"),
        ("phonograph: true", "this program reads schema version 1, not true"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_one_fault(more, message):
    start = "" if more.startswith("phonograph") else "phonograph: 1\n"
    text = f"{start}modules: {{mel: {{module: asr.log_mel}}}}\n{more}\n"
    assert read(text)[1] == [message]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ("asr.log_mel", '`mel` must be a node, got the text "asr.log_mel"'),
        ("{n_mels: 80}", "`mel` must be a node, got none of its keys"),
        ("{}", "`mel` does not say which `module` it is"),
        ("{with: {n_mels: 80}}", "`mel` does not say which `module` it is"),
        ("{module: 3}", "`module` must be an id such as asr.log_mel, got 3"),
        ("{module: asr.log_mel, with: 3}", "`with` must be a mapping, got 3"),
        ("{module: asr.log_mel, wit: 3}", "unknown key `wit` under `modules.mel`"),
        ("{module: asr.log_mel, from: 3}", "this must be `node.port`, got 3"),
        ("{module: asr.log_mel, from: {audio: }}", "this must be `node.port`, got nothing"),
        ("{module: asr.log_mel, from: a.b.c}", 'this must be `node.port`, got the text "a.b.c"'),
        ("{module: asr.log_mel, only: 3}", "`only` must be the name of a view, got 3"),
    ],
)
def test_a_node_that_is_not_understood_stays_but_is_unclear(node, message):
    spec, faults = read(f"{{phonograph: 1, modules: {{mel: {node}}}}}")
    assert faults == [message]
    assert spec.nodes["mel"].unclear


def test_unknown_keys_at_the_top_excuse_what_they_may_have_meant():
    faults = read("{phonogaph: 1, module: {mel: {module: asr.log_mel, only: train}}}")[1]
    assert faults == ["unknown key `phonogaph`", "unknown key `module`"]
