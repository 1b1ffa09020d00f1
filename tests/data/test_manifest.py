"""Manifests: what is read, and what a user sees when it cannot be."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonograph.data.manifest_index import read_manifest
from phonograph.errors import DataError

SEEN = {"audio_filepath": "a.wav", "duration": 0.5, "text": "yes"}


def _told(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_manifest(path)
    return str(caught.value).replace(str(path.parent), "DIR")


def test_a_line_becomes_an_utterance_with_its_place(record, write_manifest, tmp_path):
    record("a.wav")
    (tmp_path / "sub").mkdir()
    record("sub/b.wav")
    path = write_manifest(SEEN, "", {**SEEN, "audio_filepath": "sub/b.wav", "speaker": "ann"})
    first, second = read_manifest(path)
    assert (first.id, first.audio, first.duration, first.text) == (
        "a",
        tmp_path / "a.wav",
        0.5,
        "yes",
    )
    assert first.offset is None
    assert second.id == "sub/b"
    assert str(second.place) == f"{path}:3"


def test_parts_of_one_recording_have_ids_of_their_own(record, write_manifest):
    record("a.wav")
    path = write_manifest({**SEEN, "offset": 0}, {**SEEN, "offset": 1.25}, {**SEEN, "id": "x"})
    assert [(u.id, u.offset) for u in read_manifest(path)] == [
        ("a@0", 0),
        ("a@1.25", 1.25),
        ("x", None),
    ]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(record, tmp_path):
    record("a.wav")
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(SEEN).encode() + b"\r\n\r\n")
    assert [u.text for u in read_manifest(path)] == ["yes"]


def test_every_fault_of_every_line_is_told_with_its_place(record, write_manifest):
    record("a.wav")
    path = write_manifest(
        '{"audio_filepath": "a.wav" "duration": 1}',
        '{"audio": "a.wav", "duration": "1.0", "text": null}',
        {**SEEN, "audio_filepath": "b.wav"},
        SEEN,
        SEEN,
        "[]",
    )
    assert (
        _told(path)
        == """\
error[PD003]: not JSON: Expecting ',' delimiter
  --> DIR/train.jsonl:1:28
   |
 1 | {"audio_filepath": "a.wav" "duration": 1}
   |                            ^
   = help: write one JSON object a line: {"audio_filepath": ..., "duration": ..., "text": ...}

error[PD004]: key `audio_filepath` is missing
  --> DIR/train.jsonl:2
   |
 2 | {"audio": "a.wav", "duration": "1.0", "text": null}
   = help: add `audio_filepath`, the path of a recording

error[PD005]: `duration` is "1.0"
  --> DIR/train.jsonl:2:20
   |
 2 | {"audio": "a.wav", "duration": "1.0", "text": null}
   |                    ^^^^^^^^^^
   = help: write a number of seconds above 0

error[PD005]: `text` is null
  --> DIR/train.jsonl:2:39
   |
 2 | {"audio": "a.wav", "duration": "1.0", "text": null}
   |                                       ^^^^^^
   = help: write the transcript in quotes

error[PD006]: audio file `DIR/b.wav` does not exist
  --> DIR/train.jsonl:3:2
   |
 3 | {"audio_filepath": "b.wav", "duration": 0.5, "text": "yes"}
   |  ^^^^^^^^^^^^^^^^
   = help: `audio_filepath` is relative to the manifest's folder `DIR`

error[PD007]: id `a` is already that of line 4
  --> DIR/train.jsonl:5
   |
 5 | {"audio_filepath": "a.wav", "duration": 0.5, "text": "yes"}
   = help: give each line an `id` of its own

error[PD003]: a JSON object is needed
  --> DIR/train.jsonl:6
   |
 6 | []
   = help: write one JSON object a line: {"audio_filepath": ..., "duration": ..., "text": ...}"""
    )


def test_a_misspelt_key_is_recognised(record, write_manifest):
    record("a.wav")
    path = write_manifest('{"audio_file_path": "a.wav", "duration": 1, "text": "yes"}')
    assert _told(path).endswith(
        "= help: add `audio_filepath`, the path of a recording; is it `audio_file_path`?"
    )


def test_a_missing_manifest_is_told(tmp_path):
    assert (
        _told(tmp_path / "none.jsonl")
        == """\
error[PD001]: cannot read the manifest: no such file or directory
  --> DIR/none.jsonl
   = help: check the path; a relative path starts at the folder of the file that wrote it"""
    )


def test_an_empty_manifest_is_told(write_manifest):
    assert (
        _told(write_manifest("", " "))
        == """\
error[PD002]: the manifest is empty
  --> DIR/train.jsonl
   = help: write one JSON object a line: {"audio_filepath": ..., "duration": ..., "text": ...}"""
    )


def test_a_file_that_is_no_manifest_is_told_once(write_manifest):
    assert (
        _told(write_manifest("phonograph: 1", "name: digits", "", "modules:"))
        == """\
error[PD003]: not a manifest: none of its 3 lines is a JSON object
  --> DIR/train.jsonl
   = help: write one JSON object a line: {"audio_filepath": ..., "duration": ..., "text": ...}"""
    )


def test_a_line_in_another_encoding_is_told(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"text": "gr\xfc\xdfe"}\n')
    assert _told(path).startswith("error[PD003]: byte 13 is not UTF-8\n  --> DIR/train.jsonl:1\n")


def test_a_very_long_line_is_named_and_not_shown(record, write_manifest):
    record("a.wav")
    path = write_manifest({**SEEN, "duration": 0, "text": "yes " * 100})
    assert (
        _told(path)
        == """\
error[PD005]: `duration` is 0
  --> DIR/train.jsonl:1:29
   = help: write a number of seconds above 0"""
    )


@pytest.mark.parametrize("text", ["1" * 5000, "[" * 100_000, "NaN", '"a"', "null"])
def test_strange_json_is_a_fault_and_no_crash(write_manifest, text):
    assert _told(write_manifest(text)).startswith("error[PD003]")


def test_a_path_too_long_for_the_system_is_a_missing_file(write_manifest):
    path = write_manifest({**SEEN, "audio_filepath": "a" * 5000}, {**SEEN, "audio_filepath": "\0"})
    assert _told(path).count("error[PD006]") == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(st.sampled_from([*SEEN, "offset", "id"]), json_values, max_size=5),
)
def test_any_values_give_utterances_or_a_data_error(record, write_manifest, changes):
    record("a.wav", seconds=0.01)
    try:
        utterances = read_manifest(write_manifest({**SEEN, **changes}))
    except DataError as error:
        faults = error.diagnostics
    else:
        faults = ()
        assert utterances[0].duration > 0
        assert isinstance(utterances[0].text, str)
    assert all(fault.place is not None and fault.help for fault in faults)
