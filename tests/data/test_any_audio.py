"""Kind reading for transcription."""

import io
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonograph.data.any_audio import read_any
from phonograph.errors import DataError

FFMPEG = shutil.which("ffmpeg")


def _told(source: Path | bytes) -> str:
    with pytest.raises(DataError) as caught:
        read_any(source, 16000)
    folder = str(source.parent) if isinstance(source, Path) else "DIR"
    return str(caught.value).replace(folder, "DIR")


def test_what_fits_is_not_touched(record):
    path = record("a.wav")
    samples, notes = read_any(path, 8000)
    assert notes == []
    assert samples.tolist() == soundfile.read(path, dtype="float32")[0].tolist()


def test_a_file_its_content_and_a_stream_of_it_are_the_same(record):
    path = record("a.ogg", channels=2)
    whole, notes = read_any(path, 16000)
    assert notes == ["mixed 2 channels to mono", "resampled from 8000 to 16000 Hz"]
    for source in (path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert torch.equal(read_any(source, 16000)[0], whole)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]),
    wanted=st.sampled_from([8000, 16000, 24000]),
    channels=st.integers(1, 3),
    seconds=st.floats(0.3, 3.0),
)
def test_a_tone_stays_that_tone_at_any_rate(record, rate, wanted, channels, seconds):
    path = record("a.wav", seconds=seconds, rate=rate, channels=channels)
    samples, _ = read_any(path, wanted)
    assert len(samples) == pytest.approx(round(seconds * rate) * wanted / rate, abs=1)
    time = torch.arange(len(samples)) / wanted
    middle = (time > 0.1) & (time < seconds - 0.1)
    tone = 0.5 * torch.sin(2 * torch.pi * 440 * time)
    assert (samples - tone)[middle].abs().max() < 1e-3


def test_no_alias_comes_through():
    time = np.arange(48000) / 48000
    content = io.BytesIO()
    soundfile.write(content, 0.5 * np.sin(2 * np.pi * 11000 * time), 48000, format="flac")
    samples, _ = read_any(content.getvalue(), 16000)
    assert samples[2000:-2000].abs().max() < 1e-4


def test_blocks_leave_no_seam(record):
    path = record("a.wav", seconds=20, rate=44100)
    samples, _ = read_any(path, 16000)
    time = torch.arange(len(samples), dtype=torch.float64) / 16000
    tone = 0.5 * torch.sin(2 * torch.pi * 440 * time)
    assert (samples - tone)[2000:-2000].abs().max() < 1e-3


def test_a_file_that_breaks_off_is_read_with_a_note(record):
    path = record("a.mp3", seconds=3.0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    samples, notes = read_any(path, 8000)
    assert 4000 < len(samples) < 16000
    found = len(samples) / 8000
    assert notes == [f"the file breaks off after {found:.2f} s, its header says 3.00 s"]


def test_a_format_that_is_not_read_names_the_ffmpeg_line(tmp_path):
    path = tmp_path / "it's a talk.m4a"
    path.write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    assert (
        _told(path) == """\
error[PD010]: cannot read `DIR/it's a talk.m4a` as audio: Format not recognised
  --> DIR/it's a talk.m4a
   = help: convert it first: ffmpeg -i 'DIR/it'"'"'s a talk.m4a' -ac 1 -ar 16000 """
        """'DIR/it'"'"'s a talk-16000.flac'"""
    )


@pytest.mark.skipif(FFMPEG is None, reason="ffmpeg is not installed")
def test_the_ffmpeg_line_works(record, tmp_path):
    source = tmp_path / "-my talk.mka"
    command = ["ffmpeg", "-loglevel", "error", "-i", record("a.wav", rate=44100), "-c:a", "aac"]
    subprocess.run([*command, source], check=True)
    with pytest.raises(DataError) as caught:
        read_any(source, 16000)
    line = caught.value.diagnostics[0].help.removeprefix("convert it first: ")
    subprocess.run([*shlex.split(line), "-loglevel", "error"], check=True)
    samples, notes = read_any(tmp_path / "-my talk-16000.flac", 16000)
    assert notes == []
    assert len(samples) == pytest.approx(8000, abs=1000)


def test_standard_input_that_is_not_read_names_the_pipe():
    assert (
        _told(b"hello")
        == """\
error[PD010]: standard input is not audio that can be read
  --> standard input
   = help: pipe it through: ffmpeg -i - -ac 1 -ar 16000 -f wav -"""
    )


def test_a_wav_stream_of_unknown_length_is_read(record):
    content = bytearray(record("a.wav").read_bytes())
    content[4:8] = content[40:44] = b"\xff" * 4
    assert len(read_any(bytes(content), 8000)[0]) == 4000


def test_a_missing_file_is_told(tmp_path):
    assert (
        _told(tmp_path / "a.wav")
        == """\
error[PD006]: cannot open audio file `DIR/a.wav`: no such file or directory
  --> DIR/a.wav
   = help: check the path"""
    )


def test_no_sound_is_told(record):
    assert (
        _told(record("a.wav", seconds=0))
        == """\
error[PD012]: `DIR/a.wav` holds no sound
  --> DIR/a.wav
   = help: record it again, or take it out"""
    )


def test_no_bytes_at_all_hold_no_sound(tmp_path):
    (tmp_path / "a.wav").touch()
    assert _told(tmp_path / "a.wav").startswith("error[PD012]: `DIR/a.wav` holds no sound\n")
    assert _told(b"").startswith("error[PD012]: `standard input` holds no sound\n")


def test_samples_that_are_not_numbers_are_told(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(100, np.nan), 8000, subtype="FLOAT")
    assert "error[PD014]" in _told(tmp_path / "a.wav")


@given(st.binary(max_size=200), st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"ID3"]))
def test_any_bytes_give_sound_or_a_data_error(content, magic):
    try:
        samples, _ = read_any(magic + content, 16000)
    except DataError:
        return
    assert len(samples) > 0
