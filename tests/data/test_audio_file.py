"""Strict reading of the recordings of a manifest."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from phonograph.data.audio_file import AudioHeader, probe, read_audio
from phonograph.data.manifest import Utterance
from phonograph.errors import DataError


def _told(utterance: Utterance, rate: int = 8000) -> str:
    with pytest.raises(DataError) as caught:
        read_audio(utterance, rate)
    return str(caught.value).replace(str(utterance.audio.parent), "DIR")


def test_a_recording_is_read_as_it_was_written(say):
    utterance = say("a.wav", seconds=0.25)
    samples = read_audio(utterance, 8000)
    assert samples.dtype == torch.float32
    written, _ = soundfile.read(utterance.audio, dtype="float32")
    assert samples.tolist() == written.tolist()


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_each_format_gives_the_length_of_its_header(say, name):
    utterance = say(name)
    assert probe(utterance.audio) == AudioHeader(8000, 1, 4000)
    assert len(read_audio(utterance, 8000)) == 4000


def test_a_part_of_a_recording_is_that_part(say):
    whole = say("a.wav", seconds=1.0)
    part = replace(whole, offset=0.25, duration=0.5)
    assert torch.equal(read_audio(part, 8000), read_audio(whole, 8000)[2000:6000])


def test_parts_side_by_side_make_the_whole(say):
    whole = say("a.flac", seconds=1.0)
    cuts = [0.0, 0.123, 0.4567, 1.0]
    parts = [
        read_audio(replace(whole, offset=start, duration=stop - start), 8000)
        for start, stop in pairwise(cuts)
    ]
    assert torch.equal(torch.cat(parts), read_audio(whole, 8000))


def test_a_rounded_duration_loses_no_sample(say):
    utterance = replace(say("a.wav", seconds=0.549), duration=0.5)
    assert len(read_audio(utterance, 8000)) == round(0.549 * 8000)


def test_a_wrong_rate_names_audio_manifest_line_and_mend(say):
    assert (
        _told(say("a b.wav", line=7), rate=16000)
        == """\
error[PD011]: `DIR/a b.wav` has 8000 samples per second, needed: 16000
  --> DIR/train.jsonl:7
   = help: convert it: ffmpeg -i 'DIR/a b.wav' -ac 1 -ar 16000 'DIR/a b-16000.flac';\
 or write `resample: true` in the data layer to have it done at each reading"""
    )


def test_stereo_at_a_wrong_rate_is_one_fault(say):
    told = _told(say("a.wav", channels=2, rate=44100))
    assert told.splitlines()[0] == (
        "error[PD011]: `DIR/a.wav` has 44100 samples per second and 2 channels, "
        "needed: 8000 and 1 channel"
    )


def test_a_missing_file_is_told(say):
    utterance = say("a.wav")
    utterance.audio.unlink()
    assert (
        _told(utterance)
        == """\
error[PD006]: cannot open audio file `DIR/a.wav`: no such file or directory
  --> DIR/train.jsonl:1
   = help: check the path"""
    )


def test_a_folder_in_place_of_a_file_is_told(say, tmp_path):
    told = _told(replace(say("a.wav"), audio=tmp_path))
    assert told.splitlines()[0].endswith(": is a directory")


def test_text_in_place_of_sound_is_told(say):
    utterance = say("a.wav")
    utterance.audio.write_text("this is no sound")
    assert (
        _told(utterance)
        == """\
error[PD010]: cannot read `DIR/a.wav` as audio: Format not recognised
  --> DIR/train.jsonl:1
   = help: it is broken or in another format; see whether `ffmpeg -i` can read it"""
    )


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.8])
def test_a_file_that_was_cut_is_never_read_in_silence(say, name, kept):
    utterance = say(name, seconds=2.0)
    content = utterance.audio.read_bytes()
    utterance.audio.write_bytes(content[: int(len(content) * kept)])
    assert _told(utterance)[:12] in ("error[PD010]", "error[PD012]", "error[PD013]")


def test_an_empty_recording_is_told(say):
    assert (
        _told(say("a.wav", seconds=0.0))
        == """\
error[PD012]: `DIR/a.wav` holds no sound
  --> DIR/train.jsonl:1
   = help: record it again, or take it out"""
    )


def test_a_file_of_no_bytes_holds_no_sound(say):
    utterance = say("a.wav")
    utterance.audio.write_bytes(b"")
    assert _told(utterance).startswith("error[PD012]: `DIR/a.wav` holds no sound\n")


def test_a_part_of_no_samples_is_told(say):
    assert "holds no sound" in _told(replace(say("a.wav"), offset=0.1, duration=1e-9))


def test_a_recording_longer_than_the_manifest_says_is_told(say):
    assert (
        _told(replace(say("a.wav", seconds=1.0), duration=0.5))
        == """\
error[PD013]: `DIR/a.wav` lasts 1.000 s, the manifest says 0.5 s
  --> DIR/train.jsonl:1
   = help: write `duration` 1.000, or add `offset` if only a part is meant"""
    )


def test_a_recording_shorter_than_the_manifest_says_is_told(say):
    assert (
        _told(replace(say("a.wav", seconds=1.0), duration=3))
        == """\
error[PD013]: `DIR/a.wav` lasts 1.000 s, the manifest says 3 s
  --> DIR/train.jsonl:1
   = help: write `duration` 1.000 if the recording is whole"""
    )


def test_a_part_beyond_the_end_is_told(say):
    assert (
        _told(replace(say("a.wav", seconds=1.0), duration=0.5, offset=0.75))
        == """\
error[PD013]: `DIR/a.wav` ends at 1.000 s, the utterance at 1.25 s
  --> DIR/train.jsonl:1
   = help: correct `offset` and `duration`, or replace the recording if it was cut"""
    )


def test_samples_that_are_not_numbers_are_told(say):
    utterance = say("a.wav")
    samples = np.zeros(4000, np.float32)
    samples[800] = np.nan
    samples[900] = np.inf
    soundfile.write(utterance.audio, samples, 8000, subtype="FLOAT")
    assert (
        _told(utterance)
        == """\
error[PD014]: `DIR/a.wav` has samples that are not numbers, the first at 0.100 s
  --> DIR/train.jsonl:1
   = help: record or convert it again, or take it out"""
    )


def test_a_header_that_no_recorder_writes_is_told(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", np.zeros(10), 7)
    with pytest.raises(DataError, match="as audio: its header says 7 samples per second"):
        probe(tmp_path / "a.wav")
