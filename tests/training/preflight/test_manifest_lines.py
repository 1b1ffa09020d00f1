"""Going on past lines that are at fault."""

import json

from phonograph.training.preflight.manifest_lines import read_lines

GOOD = json.dumps({"audio_filepath": "a.wav", "duration": 1, "text": "yes", "speaker": 7})


def read(tmp_path, text):
    path = tmp_path / "train.jsonl"
    path.write_text(text, encoding="utf-8")
    (tmp_path / "a.wav").touch()
    return [
        (line.utterance.line if line.utterance else None, [f.code for f in line.faults])
        for line in read_lines(path)
    ]


def test_good_lines_follow_bad_ones(tmp_path):
    assert read(tmp_path, f"{{\n[]\n\n{GOOD}\nno\n{GOOD}\n") == [
        (None, ["PD003"]),
        (None, ["PD003"]),
        (4, []),
        (None, ["PD003"]),
        (6, ["PD007"]),
    ]


def test_a_file_of_another_kind_is_one_fault(tmp_path):
    assert read(tmp_path, "a: b\nc: d\n") == [(None, ["PD003"])]
    assert read(tmp_path, "a: b\n") == [(None, ["PD003"])]
    assert read(tmp_path, "\n\n") == [(None, ["PD002"])]


def test_a_manifest_that_is_gone_is_told(tmp_path):
    (line,) = read_lines(tmp_path / "gone.jsonl")
    assert [fault.code for fault in line.faults] == ["PD001"]


def test_speakers_may_be_numbers(tmp_path):
    read(tmp_path, GOOD)
    (line,) = read_lines(tmp_path / "train.jsonl")
    assert line.speaker == "7"
