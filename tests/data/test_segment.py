"""Stretches of recordings: those of the whole, at any rate."""

import math

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonograph.data.audio_file import read_audio
from phonograph.data.manifest import Utterance
from phonograph.errors import DataError

RATES = [8000, 11025, 16000, 22050, 44100, 48000]


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """A second and a half of noise at each rate, in one channel and in two."""
    folder = tmp_path_factory.mktemp("noise")
    for rate in RATES:
        samples = np.random.default_rng(rate).uniform(-0.5, 0.5, (round(1.5 * rate), 2))
        soundfile.write(folder / f"{rate}-1.wav", samples[:, 0], rate, subtype="FLOAT")
        soundfile.write(folder / f"{rate}-2.wav", samples, rate, subtype="FLOAT")
    return folder


def _said(path, offset, duration):
    return Utterance(
        id="a", audio=path, duration=duration, offset=offset, text="", manifest=path, line=1
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rate=st.sampled_from(RATES),
    wanted=st.sampled_from(RATES),
    start=st.floats(0, 1.0),
    duration=st.floats(0.1, 0.4),
)
def test_a_resampled_stretch_is_that_of_the_whole_recording(noise, rate, wanted, start, duration):
    path = noise / f"{rate}-1.wav"
    # on the grid of both rates, so that the stretch begins at a sample of either
    grid = math.gcd(rate, wanted)
    offset = round(start * grid) / grid
    found = read_audio(_said(path, offset, duration), wanted, resample=True).numpy()
    whole = soxr.resample(soundfile.read(path, dtype="float32")[0], rate, wanted, quality="VHQ")
    begin = round(offset * wanted)
    assert abs(len(found) - duration * wanted) <= wanted / rate + 1
    expected = whole[begin : begin + len(found)]
    np.testing.assert_allclose(found[: len(expected)], expected, atol=2e-5)


def test_a_whole_recording_is_resampled_whole(noise):
    path = noise / "44100-1.wav"
    said = Utterance(id="a", audio=path, duration=1.5, text="", manifest=path, line=1)
    assert len(read_audio(said, 16000, resample=True)) == 24000


def test_channels_are_averaged_where_asked(noise):
    path = noise / "16000-2.wav"
    said = _said(path, 0.25, 0.5)
    found = read_audio(said, 16000, mix=True).numpy()
    expected = soundfile.read(path, dtype="float32")[0][4000:12000].mean(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_neither_is_done_unasked(noise):
    said = _said(noise / "44100-2.wav", 0.0, 0.5)
    with pytest.raises(DataError) as caught:
        read_audio(said, 16000)
    (fault,) = caught.value.diagnostics
    assert fault.code == "PD011"
    assert fault.help.endswith(
        "; or write `resample: true` and `mix: true` in the data layer to have it done at each "
        "reading"
    )
    with pytest.raises(DataError, match="has 2 channels, needed: 1 channel"):
        read_audio(said, 16000, resample=True)


def test_silence_is_a_fault(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(8000, 5e-6), 8000, subtype="FLOAT")
    with pytest.raises(DataError) as caught:
        read_audio(_said(path, 0.0, 1.0), 8000)
    assert (
        str(caught.value).replace(str(tmp_path), "DIR")
        == """\
error[PD043]: `DIR/a.wav` is silence: no sample is above 1e-05 of full scale
  --> DIR/a.wav:1
   = help: record it again, or take it out"""
    )
