"""The ffmpeg command that users are shown."""

import os
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.data.ffmpeg_line import ffmpeg_line

names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@given(names.filter(lambda name: name not in (".", "..")))
def test_a_shell_sees_the_file_name_as_one_word_that_is_no_option(name):
    words = shlex.split(ffmpeg_line(Path(name), 16000))
    assert words[:2] == ["ffmpeg", "-i"]
    assert words[3:7] == ["-ac", "1", "-ar", "16000"]
    assert len(words) == 8
    assert Path(words[2]) == Path(name)
    assert not words[7].startswith("-")


def test_the_recording_itself_is_never_written_over():
    assert ffmpeg_line(Path("/x/a.flac"), 8000) == (
        "ffmpeg -i /x/a.flac -ac 1 -ar 8000 /x/a-8000.flac"
    )


def test_names_that_look_like_options_or_protocols_are_made_plain():
    assert ffmpeg_line(Path("-x.wav"), 8000) == "ffmpeg -i ./-x.wav -ac 1 -ar 8000 ./-x-8000.flac"
    assert "-i ./data:x.wav" in ffmpeg_line(Path("data:x.wav"), 8000)


def test_on_windows_names_are_in_double_quotes(monkeypatch: pytest.MonkeyPatch):
    path = Path("my talk.wav")
    monkeypatch.setattr(os, "name", "nt")
    assert ffmpeg_line(path, 8000) == 'ffmpeg -i "my talk.wav" -ac 1 -ar 8000 "my talk-8000.flac"'
