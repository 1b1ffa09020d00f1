import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from phonograph.data.folder_manifest import Recording, hold_out, read_folder
from phonograph.errors import DataError


def record(path: Path, seconds: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(16000 * seconds)) + 0.1, 16000)


def test_recordings_are_found_with_the_texts_beside_them(tmp_path):
    record(tmp_path / "b/2.wav", 1.0)
    record(tmp_path / "a/1.FLAC")
    record(tmp_path / "silent.wav")
    (tmp_path / "b/2.txt").write_text("Two\nlines ", encoding="utf-8")
    (tmp_path / "a/1.txt").write_text("\ufeffein Tag", encoding="utf-8")
    found, without = read_folder(tmp_path)
    told = [(str(one.audio.relative_to(tmp_path)), one.duration, one.text) for one in found]
    assert told == [("a/1.FLAC", 0.5, "ein Tag"), ("b/2.wav", 1.0, "Two lines")]
    assert without == 1


def test_lists_of_librispeech_are_read(tmp_path):
    record(tmp_path / "84/84-121.flac")
    (tmp_path / "84/84.trans.txt").write_text("84-121 GO DO YOU HEAR\n", encoding="utf-8")
    found, without = read_folder(tmp_path)
    assert ([one.text for one in found], without) == (["GO DO YOU HEAR"], 0)


def test_a_line_names_the_recording_as_seen_from_the_manifest(tmp_path):
    line = Recording(tmp_path / "a/1.wav", 0.51234567, "Tür").line(tmp_path / "b")
    assert json.loads(line) == {
        "audio_filepath": "../a/1.wav",
        "duration": 0.5123,
        "text": "Tür",
    }
    assert line.endswith("\n")


def test_a_folder_without_recordings_is_at_fault(tmp_path):
    with pytest.raises(DataError) as raised:
        read_folder(tmp_path)
    assert str(raised.value) == (
        "error[PD051]: the folder has no recordings\n"
        f"  --> {tmp_path}\n"
        "   = help: known are .aif, .aiff, .au, .flac, .mp3, .oga, .ogg, .opus, .wav"
    )


def test_recordings_without_any_text_are_at_fault(tmp_path):
    record(tmp_path / "1.wav")
    with pytest.raises(DataError) as raised:
        read_folder(tmp_path)
    assert str(raised.value) == (
        "error[PD051]: no recording of 1 has a text\n"
        f"  --> {tmp_path}\n"
        "   = help: write what is said in `1.wav` into `1.txt` beside it, or give a manifest"
    )


def test_every_broken_recording_and_a_text_that_is_none_are_at_fault(tmp_path):
    for name in ("1", "2"):
        (tmp_path / f"{name}.wav").write_bytes(b"no sound")
        (tmp_path / f"{name}.txt").write_text("one", encoding="utf-8")
    with pytest.raises(DataError) as raised:
        read_folder(tmp_path)
    assert [fault.code for fault in raised.value.diagnostics] == ["PD010", "PD010"]
    (tmp_path / "1.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match="byte 1 is not UTF-8"):
        read_folder(tmp_path)


@pytest.mark.parametrize(("count", "held"), [(1, 0), (9, 0), (10, 1), (95, 9), (5000, 300)])
def test_a_tenth_is_held_out_but_no_more_than_is_needed(count, held):
    recordings = [Recording(Path(f"{number}.wav"), 1.0, "a") for number in range(count)]
    learnt, validated = hold_out(recordings)
    assert len(validated) == held
    assert sorted([*learnt, *validated], key=recordings.index) == recordings


def test_the_same_is_held_out_each_time_and_wherever_the_folder_lies():
    here = [Recording(Path(f"here/{number}.wav"), 1.0, "a") for number in range(50)]
    there = [Recording(Path(f"there/{one.audio.name}"), 1.0, "a") for one in here]
    held = [[one.audio.name for one in hold_out(recordings)[1]] for recordings in (here, there)]
    assert held[0] == held[1]
