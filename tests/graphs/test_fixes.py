"""Edits are certain or not there at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.errors import Edit, Place
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document
from phonograph.graphs.fixes import added, deleted, nearest_fix, replaced, shown_at, unquoted


def at(text, source=None):
    source = source or text
    return Place("x.yaml", 1, source.index(text) + 1, len(text), source)


def test_the_only_neighbour_is_written_and_what_is_around_it_stays():
    place = at('"mell.out"', 'from: "mell.out"')
    assert nearest_fix(place, "mell", ["mel", "head"]) == Edit(place, '"mel.out"')
    assert nearest_fix(place, "mell", ["mel", "head"], around="{}.out") == Edit(place, '"mel.out"')


@pytest.mark.parametrize("known", [[], ["head"], ["mel", "melt"]])
def test_without_one_neighbour_alone_nothing_is_written(known):
    assert nearest_fix(at("mell"), "mell", known) is None


def test_a_neighbour_that_is_taken_is_not_written():
    assert nearest_fix(at("mell"), "mell", ["mel"], taken={"mel"}) is None


@pytest.mark.parametrize("written", ["&mell mell", "*mell", "!mell", "mell.mell", "other", ""])
def test_a_text_that_does_not_show_the_word_plainly_is_left(written):
    assert replaced(at(written), "mell", "mel") is None


@pytest.mark.parametrize("place", [Place("command line"), Place("x.yaml", 3)])
def test_where_no_text_is_shown_nothing_is_done(place):
    assert shown_at(place) == ""
    assert nearest_fix(place, "mell", ["mel"]) is None
    assert replaced(place, "mell", "mel") is None
    assert unquoted(place, "64") is None
    assert deleted(place, "mell") is None
    assert added(place, "a: b") is None


def test_quotes_of_either_kind_are_taken_away():
    for quoted in ('"64"', "'64'"):
        assert unquoted(at(quoted), "64") == Edit(at(quoted), "64")
    for other in ("64", "*number", '"6\\x34"'):
        assert unquoted(at(other), "64") is None


def test_a_key_is_deleted_where_it_stands():
    for written in ("vocab", '"vocab"', "'vocab'"):
        assert deleted(at(written), "vocab") == Edit(at(written), action="delete")
    assert deleted(at("head"), "vocab") is None


GRAPH = """\
phonograph: 1
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 16000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio}
  encoder: {module: asr.recurrent, from: mel.features}
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, FROM}
views: {train: {run: [loss.loss]}}
"""


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("from: head.log_probs", "{log_probs: head.log_probs, targets: data.tokens}"),
        ("from: {log_probs: head.log_probs}", "targets: data.tokens"),
        ("only: train", "from: {log_probs: head.log_probs}"),
        ("from: {}", None),
        ("from: null", None),
    ],
)
def test_a_missing_wire_is_added_in_the_form_that_is_there(written, fix):
    text = GRAPH.replace("FROM", written)
    checked = check_document(parse_document(text, "x.yaml", Path()), default_registry())
    (fault,) = checked.faults
    assert (fault.code, fault.fix and fault.fix.text) == ("PG014", fix)


def test_of_two_outputs_that_fit_none_is_chosen():
    second = "  more: {module: asr.ctc_head, from: encoder.encoded}\n  loss:"
    text = GRAPH.replace("  loss:", second).replace("FROM", "from: {targets: data.tokens}")
    checked = check_document(parse_document(text, "x.yaml", Path()), default_registry())
    (fault,) = checked.faults
    assert (fault.code, fault.fix) == ("PG014", None)
