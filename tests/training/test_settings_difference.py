"""Two trainings are compared by what they do."""

from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.graphs.changes import ABSENT
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document
from phonograph.graphs.overrides import resolve
from phonograph.training.settings_difference import settings_changes

GRAPH = """\
phonograph: 1
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: "ab "}}
  mel:  {module: asr.log_mel, from: data.audio, with: {n_mels: 4}}
  body: {module: asr.conformer, from: mel.features, with: {d_model: 8, layers: 1}}
  head: {module: asr.ctc_head, from: body.encoded, with: {vocab: 3}}
  text: {module: asr.ctc_greedy, from: head.log_probs}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
views:
  validate: {run: [text.text], score: {wer: [text.text, data.text], cer: [text.text, data.text]}}
init: {from: a.phono}
train:
  optimizer: {name: adamw, lr: 1e-3}
  trainer: {max_time: "00:00:02:00"}
"""


def graph(*overrides):
    document = resolve(parse_document(GRAPH, "g.yaml", Path("/graphs")), overrides)
    checked = check_document(document, default_registry())
    assert checked.faults == ()
    return checked.graph


def told(*overrides):
    changes = settings_changes(graph(), graph(*overrides))
    return [(change.what, change.before, change.after, change.origin) for change in changes]


@pytest.mark.parametrize(
    "override",
    [
        "train.optimizer.betas=[0.9, 0.999]",
        "train.optimizer.weight_decay=0.01",
        "train.schedule={name: constant, warmup_steps: 0}",
        "train.seed=0",
        "train.cache=true",
        "train.monitor=wer",
        "train.trainer.max_steps=-1",
        "train.trainer.max_time={minutes: 2}",
        "init.include=['*']",
        "init.exclude=[]",
        "init.from=/graphs/a.phono",
    ],
)
def test_a_default_written_out_changes_nothing(override):
    assert told(override) == []


def test_what_changes_is_told_with_its_place():
    assert told("train.optimizer.lr=0.01", "train.trainer.max_epochs=3", "train.monitor=cer") == [
        ("train.optimizer.lr", 0.001, 0.01, "command line"),
        ("train.trainer.max_epochs", ABSENT, 3, "command line"),
        ("train.monitor", "wer", "cer", "command line"),
    ]


def test_what_returns_to_the_default_says_so():
    back = settings_changes(graph("train.optimizer.lr=0.01"), graph("train.optimizer={}"))
    assert [(c.what, c.before, c.after, c.origin) for c in back] == [
        ("train.optimizer.lr", 0.01, 0.001, "default")
    ]


def test_another_optimizer_shows_what_is_written_only():
    assert told("train.optimizer={name: sgd, lr: 1e-3, momentum: 0.9}") == [
        ("train.optimizer.name", "adamw", "sgd", "command line"),
        ("train.optimizer.momentum", ABSENT, 0.9, "command line"),
    ]


def test_what_is_left_open_is_not_the_default():
    assert told("train.optimizer.lr=???") == [
        ("train.optimizer.lr", 0.001, "???", "command line"),
    ]


def test_another_start_is_a_difference():
    assert told("init.freeze=[head]", "init.from=b.phono")[0][:3] == (
        "init.from",
        "/graphs/a.phono",
        str(Path.cwd() / "b.phono"),
    )
    assert [what for what, *_ in told("init=null")] == [
        "init.from", "init.exclude", "init.freeze", "init.include",
    ]  # fmt: skip
