"""Manifests in little memory; lines at fault are left out where asked."""

from multiprocessing.reduction import ForkingPickler

import pytest

from phonograph.data.manifest_index import read_manifest
from phonograph.errors import DataError, Diagnostic

SEEN = {"audio_filepath": "a.wav", "duration": 0.5, "text": "yes"}


@pytest.fixture
def many(record, write_manifest):
    record("a.wav")
    return write_manifest(*({**SEEN, "id": f"ü{n}", "text": f"line {n}"} for n in range(20)))


def test_lines_can_be_asked_for_in_any_order_and_again(many):
    index = read_manifest(many)
    assert [index[n].text for n in (19, 0, 7, 7)] == ["line 19", "line 0", "line 7", "line 7"]
    assert [u.id for u in index[3:9:2]] == ["ü3", "ü5", "ü7"]
    assert index[-1].line == 20
    assert [u.text for u in index] == [f"line {n}" for n in range(20)]
    assert list(index.durations) == [0.5] * 20
    with pytest.raises(IndexError):
        index[20]


def test_another_process_can_have_a_copy(many):
    index = read_manifest(many)
    index[0]
    assert ForkingPickler.loads(ForkingPickler.dumps(index))[11].text == "line 11"


def test_a_manifest_that_changes_is_told_and_not_misread(many):
    index = read_manifest(many)
    many.write_text(many.read_text(encoding="utf-8")[50:], encoding="utf-8")
    with pytest.raises(DataError) as caught:
        index[4]
    assert (
        str(caught.value).replace(str(many.parent), "DIR")
        == """\
error[PD015]: the manifest has changed since it was first read
  --> DIR/train.jsonl
   = help: start again; a manifest has to stay as it is while it is used"""
    )
    many.unlink()
    with pytest.raises(DataError, match="PD015"):
        index[4]


def test_what_is_at_fault_is_left_out_and_counted_where_asked(record, write_manifest):
    record("a.wav")
    path = write_manifest(
        {**SEEN, "id": "first"},
        "nonsense",
        {**SEEN, "audio_filepath": "gone.wav"},
        {**SEEN, "id": "first", "text": "again"},
        {**SEEN, "id": "odd"},
        {**SEEN, "id": "last"},
    )

    def check(utterance):
        return Diagnostic("PD020", "odd", utterance.place) if utterance.id == "odd" else None

    index = read_manifest(path, check=check, on_bad="skip")
    assert [u.id for u in index] == ["first", "last"]
    found = [(fault.code, fault.place.line) for fault in index.left_out.first if fault.place]
    assert found == [("PD003", 2), ("PD006", 3), ("PD007", 4), ("PD020", 5)]
    with pytest.raises(DataError) as caught:
        read_manifest(path, check=check)
    told = [fault.code for fault in caught.value.diagnostics]
    assert told == ["PD003", "PD006", "PD007", "PD020"]


def test_a_manifest_of_which_nothing_is_left_is_an_error_all_the_same(write_manifest):
    path = write_manifest({**SEEN, "audio_filepath": "gone.wav"})
    with pytest.raises(DataError, match="PD006"):
        read_manifest(path, on_bad="skip")
