"""A stretch of a recording inside of a page."""

import base64
import io

import numpy as np
import pytest
import soundfile

from phonograph.training.pages.audio_clip import HIGHEST_RATE, audio_clip


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2), (44100, 1)])
def test_a_clip_is_the_stretch_that_is_asked_for(tmp_path, rate, channels):
    path = tmp_path / "a.wav"
    time = np.arange(2 * rate) / rate
    sound = 0.3 * np.sin(2 * np.pi * 440 * time) * (time > 1)
    soundfile.write(path, np.stack([sound] * channels, axis=1), rate)
    clip = audio_clip(path, 1.0, 0.5)
    assert clip is not None
    head, _, content = clip.partition(",")
    assert head == "data:audio/ogg;base64"
    samples, found = soundfile.read(io.BytesIO(base64.b64decode(content)))
    assert found == min(rate, HIGHEST_RATE)
    assert len(samples) == pytest.approx(0.5 * found, abs=2)
    assert np.abs(samples).mean() > 0.1


def test_nothing_comes_of_what_cannot_be_read(tmp_path):
    (tmp_path / "a.wav").write_text("no")
    assert audio_clip(tmp_path / "a.wav") is None
    soundfile.write(tmp_path / "b.wav", np.zeros(100), 16000)
    assert audio_clip(tmp_path / "b.wav", 5.0, 1.0) is None
