"""Rounds of mending: what is kept, what is not, and that they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonograph.collections import default_registry
from phonograph.errors import Diagnostic, Edit, GraphError, Place
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document
from phonograph.graphs.mend import mend
from phonograph.graphs.overrides import resolve

FAULTY = """\
# ours
name: small   # a name
modules:
  data:
    module: asr.manifest
    with: {sample_rate: "16000", tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mel: 8}}   # eight
  encoder:
    module: asr.recurrent
    form: mel.features   # the wire
    with:
      feat_in: 80     # from the mel
      d_model: 4
  head: {module: asr.ctc_head, with: {vocab: 100}}
  loss: {module: asr.ctc_loss, from: head.log_probs}
  text: {module: asr.ctc_greedy, from: {log_probs: head.log_probs,
         lengths: data.token_lengths}}
views:
  train: {run: loss.loss, split: trian}
  validate: {run: [los.loss], score: {werr: [text.text, data.texts]}}
"""
MENDED = """\
# ours
phonograph: 1
name: small   # a name
modules:
  data:
    module: asr.manifest
    with: {sample_rate: 16000, tokenizer: {type: characters, alphabet: "ab "}}
  mel: {module: asr.log_mel, from: data.audio, with: {n_mels: 8}}   # eight
  encoder:
    module: asr.recurrent
    from: mel.features   # the wire
    with:
      # from the mel
      d_model: 4
  head: {module: asr.ctc_head, from: encoder.encoded}
  loss: {module: asr.ctc_loss, from: {log_probs: head.log_probs, targets: data.tokens}}
  text: {module: asr.ctc_greedy, from: {log_probs: head.log_probs}}
views:
  train: {run: [loss.loss], split: train}
  validate: {run: [loss.loss], score: {wer: [text.text, data.text]}}
"""


def check(text):
    try:
        document = resolve(parse_document(text, "x.yaml", Path()), [])
    except GraphError as error:
        return error.diagnostics
    return check_document(document, default_registry(), metrics=["wer"]).faults


def test_many_faults_are_mended_and_every_comment_stays():
    mended = mend(FAULTY, "x.yaml", check)
    assert mended.text == MENDED
    assert mended.faults == ()
    assert mended.edits == 14


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_line_ends_stay_what_they_are(end):
    assert mend(FAULTY.replace("\n", end), "x.yaml", check).text == MENDED.replace("\n", end)


def test_what_is_mended_is_mended_once():
    assert mend(MENDED, "x.yaml", check).edits == 0


def test_the_name_that_two_resemble_is_left():
    text = MENDED.replace("asr.log_mel", "asr.logmel")
    mended = mend(text, "x.yaml", check)
    assert mended.text == text
    assert "`asr.log_mel` or `asr.stored_log_mel`" in mended.faults[0].help


def test_a_name_that_is_there_already_is_not_given_twice():
    text = MENDED.replace("{n_mels: 8}", "{n_mels: 8, n_mel: 8}")
    assert mend(text, "x.yaml", check).text == text


def test_wires_are_not_bent_to_a_node_whose_name_is_at_fault():
    text = MENDED.replace("  mel: {", "  mel-: {")
    mended = mend(text, "x.yaml", check)
    assert mended.text == text
    assert [fault.code for fault in mended.faults] == ["PG016", "PG012"]


def test_what_came_through_an_alias_or_a_reference_is_left():
    text = MENDED.replace("name: small", 'name: small\nvars: {rate: "16000"}')
    text = text.replace("sample_rate: 16000", 'sample_rate: "${vars.rate}"')
    assert mend(text, "x.yaml", check).edits == 0
    text = MENDED.replace("name: small", 'name: small\nvars: {rate: &rate "16000"}')
    text = text.replace("sample_rate: 16000", "sample_rate: *rate")
    assert mend(text, "x.yaml", check).edits == 0


def fault(text, new=None, *, file="x", code="PG011", line=1):
    place = Place(file, line, 1, len(text), text)
    return Diagnostic(code, f"{text} is wrong", place, fix=Edit(place, new) if new else None)


def told(table):
    return lambda text: table[text]


def test_an_edit_after_which_more_is_wrong_is_not_kept():
    mended = mend("a", "x", told({"a": [fault("a", "b")], "b": [fault("b"), fault("b", line=2)]}))
    assert (mended.text, mended.edits) == ("a", 0)


def test_what_an_edit_brings_to_light_is_mended_too():
    hidden = [fault("b", "c"), fault("b", line=2)]
    mended = mend("a", "x", told({"a": [fault("a", "b")], "b": hidden, "c": []}))
    assert (mended.text, mended.edits, mended.faults) == ("c", 2, ())


def test_an_edit_after_which_nothing_can_be_read_is_not_kept():
    mended = mend("a", "x", told({"a": [fault("a", "b")], "b": [fault("b", code="PG001")]}))
    assert mended.text == "a"


def test_of_two_edits_the_harmless_one_is_kept():
    table = {
        "a\nb": [fault("a", "c"), fault("b", "d", line=2)],
        "c\nd": [fault("c", code="PG001")],
        "c\nb": [fault("c", code="PG004")],
        "a\nd": [fault("a", "c")],
    }
    mended = mend("a\nb", "x", told(table))
    assert (mended.text, mended.edits) == ("a\nd", 1)


def test_going_back_and_forth_ends():
    mended = mend("a", "x", told({"a": [fault("a", "b")], "b": [fault("b", "a")]}))
    assert mended.text in ("a", "b")


def test_another_file_is_left():
    assert mend("a", "x", told({"a": [fault("a", "b", file="y")]})).text == "a"
