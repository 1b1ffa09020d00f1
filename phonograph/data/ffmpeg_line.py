"""The ffmpeg command that makes a recording fit, to be shown and copied."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def ffmpeg_line(audio: Path, sample_rate: int) -> str:
    """Write the command that converts a recording to mono FLAC at a sample rate.

    Args:
        audio: the recording; its name is quoted so that the line is safe to paste in a shell.
        sample_rate: samples per second.

    >>> from pathlib import Path
    >>> ffmpeg_line(Path("my talk.mp3"), 16000)
    "ffmpeg -i 'my talk.mp3' -ac 1 -ar 16000 'my talk-16000.flac'"
    """
    target = audio.with_name(f"{audio.stem}-{sample_rate}.flac")
    words = ["ffmpeg", "-i", _plain(audio), "-ac", "1", "-ar", str(sample_rate), _plain(target)]
    # double quotes are all that the Windows command line knows
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _plain(path: Path) -> str:
    name = str(path)
    # ffmpeg takes `-x.wav` for an option and `a:b.wav` for a protocol
    misread = not path.is_absolute() and (name.startswith("-") or ":" in name)
    return f"{os.curdir}{os.sep}{name}" if misread else name
