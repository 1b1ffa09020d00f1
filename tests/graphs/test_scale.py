"""Large graphs: the work grows with the number of modules, of faults and of views, not faster."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.errors import GraphError
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document
from phonograph.graphs.overrides import resolve

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
REGISTRY = default_registry()
SMALL, TIMES = 100, 4
HEAD = """\
phonograph: 1
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 8000, tokenizer: {type: characters, alphabet: ab}}
  mel: {module: asr.log_mel, from: data.audio}
  start: {module: asr.dense, from: mel.features, with: {d_model: 4, layers: 1}}
"""


@pytest.fixture
def graphs(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    import large_graphs

    return large_graphs


def faults_of(text):
    try:
        document = resolve(parse_document(text, "large.yaml", Path()))
    except GraphError as error:
        return error.diagnostics
    return check_document(document, REGISTRY).faults


def work(text):
    """Count the calls of Python functions, which does not depend on the machine."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        faults_of(text)
    finally:
        sys.setprofile(None)
    return calls


def grows_no_worse_than_the_text(make):
    """Whether a text made for n times as much takes about n times the work: n log n at most."""
    faults_of(make(SMALL))  # what is worked out once is not counted
    return work(make(TIMES * SMALL)) < 1.25 * TIMES * work(make(SMALL))


def chain(line, count, names="n"):
    before, lines = "start", []
    for number in range(count):
        lines.append(line.format(name=f"{names}{number}", before=before))
        before = f"{names}{number}"
    return HEAD + "".join(f"  {line}\n" for line in lines)


def test_the_mixture_of_real_graphs_holds_and_grows_no_worse_than_n_log_n(graphs):
    assert faults_of(graphs.large_graph(SMALL)) == ()
    assert grows_no_worse_than_the_text(graphs.large_graph)


ROW = "{name}: {{module: asr.row_conv, from: {before}.encoded"
CHAINS = {
    "lengths from the far end": ROW + "}}",
    "sizes that disagree": ROW + ", with: {{feat_in: 5}}}}",
    "nodes of one view": ROW + ", only: train}}",
    "nodes that are not there": "{name}: {{module: asr.row_conv, from: x{before}.encoded}}",
    "kinds that do not fit": "{name}: {{module: asr.ctc_greedy, from: {before}.encoded}}",
    "inputs that are not wired": "{name}: {{module: asr.ctc_loss}}",
    "circles": "{name}: {{module: asr.row_conv, from: {name}.encoded}}",
    "what nothing decides": "{name}: {{module: asr.ctc_head, from: start.encoded}}",
    "references to nothing": "{name}: {{module: '${{vars.{name}}}', from: {before}.encoded}}",
    "keys that are unknown": ROW + ", form: 1}}",
}


@pytest.mark.parametrize("name", CHAINS)
def test_the_work_grows_with_the_number_of(name):
    views = "views: {train: {run: [start.encoded]}}\n"
    assert grows_no_worse_than_the_text(lambda count: chain(CHAINS[name], count) + views)


def test_the_work_grows_with_the_number_of_views():
    def many(count):
        views = "".join(
            f"  v{n}: {{feed: [data.audio], run: [n5.encoded]}}\n" for n in range(count)
        )
        return chain(CHAINS["lengths from the far end"], 9) + "views:\n" + views

    assert faults_of(many(SMALL)) == ()
    assert grows_no_worse_than_the_text(many)


def test_fifty_faults_in_a_thousand_modules_are_all_told(graphs):
    text = graphs.large_graph(1000)
    faulty = graphs.with_faults(text, 50)
    changed = sum(a != b for a, b in zip(text.splitlines(), faulty.splitlines(), strict=True))
    found = faults_of(faulty)
    told = len(found) + sum("the same at" in cause for one in found for cause in one.causes)
    assert changed == 50
    assert told >= 40


def test_a_chain_of_strides_without_end_is_checked():
    stride = (
        "{name}: {{module: asr.pyramid, from: {before}.encoded, with: {{layers: 3, d_model: 4}}}}"
    )
    assert faults_of(chain(stride, 300)) == ()


def test_a_circle_of_very_many_nodes_is_told_in_short():
    text = chain(CHAINS["lengths from the far end"], 500)
    (fault,) = faults_of(text.replace("from: start.", "from: n499."))
    assert fault.message == (
        "the graph runs in a circle: n0 -> n1 -> n2 -> n3 -> n4 -> n5 -> … "
        "-> n495 -> n496 -> n497 -> n498 -> n499 -> n0"
    )
