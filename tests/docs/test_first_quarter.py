"""The first quarter of an hour is a session: its edits are made, its output compared."""

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import phonograph
from phonograph.cli.main import app

PAGE = Path(__file__).parents[2] / "docs/first-quarter.md"
SPEECH = Path(phonograph.__file__).parent / "collections/asr/recipes/prompts"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n", re.MULTILINE)
ANSWERS = "speech/train.jsonl\n\n\n"
MEASURED = re.compile(r"(?<=loss      )[\d.]+|\d[\d.,]* ([kMG]?B|ms|s|min|h)\b( \d+ (s|min)\b)?")
"""What a dry run tells of a machine: the loss, times and memory."""


@pytest.fixture
def session(tmp_path, monkeypatch):
    """Stand beside a copy of the shipped speech, at a terminal."""
    shutil.copytree(SPEECH, tmp_path / "speech")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("phonograph.cli.init._at_terminal", lambda: True)
    return tmp_path


def sessions(text):
    """Split a console block into (command, what it printed)."""
    parts = COMMAND.split(text)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def edited(text, diff):
    """Replace the lines that a block takes away by those that it adds."""
    gone, added = (
        "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] == mark)
        for mark in "-+"
    )
    assert text.count(gone) == 1, gone
    return text.replace(gone, added)


def agrees(expected, shown):
    """Tell whether what was printed is what the page says, where the page says anything."""
    pieces = [re.escape(piece) for piece in expected.split("…\n")]
    return re.fullmatch("(.*\n)*?".join(pieces), shown) is not None


def unmeasured(text):
    """Leave out what is measured, and how it is aligned."""
    lines = MEASURED.sub("#", text).splitlines()
    return "".join(f"{' '.join(line.split())}\n" for line in lines)


def test_the_session_goes_as_it_is_told(session):
    graph, codes = session / "my.yaml", []
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "yaml":
            assert text in graph.read_text(encoding="utf-8")
        elif kind == "diff":
            graph.write_text(edited(graph.read_text(encoding="utf-8"), text), encoding="utf-8")
        else:
            for command, expected in sessions(text):
                program, *arguments = command.split()
                if program != "phonograph":
                    continue  # the copy of the speech, which stands there, and its first lines
                result = CliRunner().invoke(app, arguments, input=ANSWERS)
                change = unmeasured if "--dry-run" in arguments else str
                assert agrees(change(expected), change(result.output)), result.output
                codes.append(result.exit_code)
    assert codes == [0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    assert "</svg>" in (session / "my.html").read_text(encoding="utf-8")
    assert not (session / "runs").exists()


def test_the_first_lines_of_the_speech_are_those_shown():
    (shown,) = (
        printed
        for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))
        for command, printed in sessions(text)
        if kind == "console" and command.startswith("head")
    )
    assert (SPEECH / "train.jsonl").read_text(encoding="utf-8").startswith(shown)
