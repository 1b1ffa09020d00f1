"""Stretches of noise are what the recordings hold, and what cannot be used is told."""

import numpy as np
import pytest
import soundfile
import torch

from phonograph.data.noise_folder import NoiseFolder
from phonograph.errors import DataError

RATE = 8000


def _noise(seconds, seed=1):
    return np.random.default_rng(seed).uniform(-0.3, 0.3, round(RATE * seconds))


def _told(tmp_path, error):
    return str(error.diagnostics[0]).replace(str(tmp_path), "DIR")


def test_a_stretch_is_one_of_the_recordings_or_goes_round(tmp_path):
    (tmp_path / "short").mkdir()
    soundfile.write(tmp_path / "long.wav", _noise(3.0), RATE)
    soundfile.write(tmp_path / "short" / "b.flac", _noise(0.1), RATE)
    noise = NoiseFolder(tmp_path, RATE)
    whole = soundfile.read(tmp_path / "long.wav", dtype="float32")[0]
    assert torch.equal(noise.stretch(0.0, 0.5, 4000), torch.from_numpy(whole[10000:14000]))
    short = soundfile.read(tmp_path / "short" / "b.flac", dtype="float32")[0]
    found = noise.stretch(0.999, 0.25, 2000).numpy()
    np.testing.assert_array_equal(found, np.resize(np.roll(short, -200), 2000))


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("where", [0.0, 0.5, 0.9999999])
def test_every_place_of_every_format_can_be_read(tmp_path, ending, where):
    soundfile.write(tmp_path / f"a.{ending}", _noise(2.0), RATE)
    noise = NoiseFolder(tmp_path, RATE)
    for length in (1, RATE, 3 * RATE):
        assert noise.stretch(0.5, where, length).shape == (length,)


def test_recordings_are_drawn_by_their_lengths_and_channels_are_averaged(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full((3 * RATE, 2), [0.5, 0.0]), RATE)
    soundfile.write(tmp_path / "b.wav", np.full(RATE, -0.5), RATE)
    noise = NoiseFolder(tmp_path, RATE)
    levels = [float(noise.stretch(which, 0.5, 1)) for which in (0.0, 0.74, 0.76, 0.99)]
    assert levels == [0.25, 0.25, -0.5, -0.5]


def test_recordings_that_do_not_fit_are_told_all_at_once(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.ones(10), 2 * RATE)
    (tmp_path / "b.wav").write_bytes(b"nothing")
    with pytest.raises(DataError) as caught:
        NoiseFolder(tmp_path, RATE)
    assert [fault.code for fault in caught.value.diagnostics] == ["PD011", "PD010"]


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        (
            "typo",
            """\
error[PD060]: there is no such folder
  --> DIR/typo
   = help: check the path""",
        ),
        (
            "empty",
            """\
error[PD060]: there is no noise in this folder
  --> DIR/empty
   = help: put recordings there: .flac, .mp3, .ogg, .opus, .wav""",
        ),
    ],
)
def test_a_folder_without_recordings_is_told(tmp_path, folder, told):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        NoiseFolder(tmp_path / folder, RATE)
    assert _told(tmp_path, caught.value) == told


def test_a_recording_that_breaks_off_is_told_when_it_is_reached(tmp_path):
    file = tmp_path / "a.flac"
    soundfile.write(file, _noise(3.0), RATE)
    file.write_bytes(file.read_bytes()[:20000])
    noise = NoiseFolder(tmp_path, RATE)
    with pytest.raises(DataError, match=r"PD010.*cannot read `.*a\.flac` as audio: "):
        noise.stretch(0.5, 0.99, RATE)


def test_samples_that_are_not_numbers_never_reach_an_utterance(tmp_path):
    samples = _noise(1.0)
    samples[4000] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    noise = NoiseFolder(tmp_path, RATE)
    with pytest.raises(DataError) as caught:
        noise.stretch(0.5, 0.0, RATE)
    assert (
        _told(tmp_path, caught.value)
        == """\
error[PD014]: `DIR/a.wav` has samples that are not numbers, the first at 0.500 s
  --> DIR/a.wav
   = help: record or convert it again, or take it out"""
    )


def test_a_recording_that_is_gone_is_told(tmp_path):
    soundfile.write(tmp_path / "a.wav", _noise(1.0), RATE)
    noise = NoiseFolder(tmp_path, RATE)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(DataError, match=r"PD006.*cannot open audio file"):
        noise.stretch(0.5, 0.5, 10)
