"""What comes twice."""

from pathlib import Path

import soundfile

from phonograph.training.preflight.twins import same_manifests


def test_the_same_samples_in_another_file_are_found(look, record, tmp_path, tone, codes):
    first = record(tone(), "yes")
    second = {**first, "audio_filepath": "copy.flac"}
    soundfile.write(tmp_path / "exact.wav", soundfile.read(tmp_path / "sound1.wav")[0], 16000)
    samples, _ = soundfile.read(tmp_path / "exact.wav", dtype="float32")
    soundfile.write(tmp_path / "copy.flac", samples, 16000)
    found = look(train=[{**first, "audio_filepath": "exact.wav"}, second])
    assert codes(found) == [("PD038", 2)]


def test_another_text_is_told_with_both(look, record, tone, codes):
    lines = [record(tone(), "yes", id="a"), record(tone(), "no", id="b")]
    found = look(train=lines)
    assert codes(found) == [("PD040", 2)]
    assert found.groups[0].findings[0].fault.causes == ("text here: no", "text there: yes")


def test_speech_of_a_test_is_to_be_taken_out_of_what_comes_before(look, record, tone, codes):
    same = record(tone(), "yes")
    found = look(train=[record(), same], validation=[record()], test=[record(), same])
    assert codes(found) == [("PD039", 2)]
    assert found.errors == 1
    assert found.groups[0].findings[0].split == "train"


def test_one_manifest_for_two_splits_is_one_warning(look, record, tmp_path, codes):
    line = record()
    path = tmp_path / "train.jsonl"
    found = look(train=[line], validation=[])
    assert codes(found) == [("PD002", 0)]
    assert same_manifests({"train": [path], "test": [tmp_path / "." / "train.jsonl"]}) == {
        ("train", "test"): path
    }
    assert same_manifests({"train": [path], "test": [Path("other")]}) == {}


def test_a_speaker_of_two_splits_is_told_once(look, record, codes):
    ann = [record(speaker="ann") for _ in range(3)]
    found = look(train=[*ann, record(speaker="bob")], test=[record(), record(speaker="ann")])
    assert codes(found) == [("PD041", 2)]
    message = found.groups[0].findings[0].fault.message
    assert message == "speaker `ann` is in 3 lines of train, 1 of test"
    assert found.splits[0].speakers == 2


def test_texts_that_are_learnt_and_tested_are_counted(look, record):
    found = look(train=[record(text="Yes."), record(text="no")], test=[record(text="yes")])
    assert found.shared_texts == {("train", "test"): 1}
    assert found.groups == ()
