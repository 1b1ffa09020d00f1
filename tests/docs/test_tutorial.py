"""The tutorial is a session: its files are written, its commands run, its output compared."""

import importlib.util
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import phonograph
from phonograph.cli.main import app

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"


def sessions(text: str) -> list[tuple[str, str]]:
    """Split a console block into (command, expected output)."""
    parts = re.split(r"^\$ phonograph (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def agrees(expected: str, shown: str) -> bool:
    if ANYTHING in expected:
        return shown.startswith(expected.partition(ANYTHING)[0])
    return shown.strip() == expected.strip()


@pytest.mark.skipif(importlib.util.find_spec("hama") is None, reason="needs the extra `hama`")
def test_the_tutorial_goes_as_it_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "phonograph").symlink_to(Path(phonograph.__file__).parent)
    page = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    errors = 0
    for kind, text in BLOCK.findall(page):
        if kind == "yaml":
            (tmp_path / "my.yaml").write_text(text, encoding="utf-8")
            continue
        for command, expected in sessions(text):
            # as told, but for one epoch
            short = ["train.trainer.max_epochs=1"] if command.startswith("train") else []
            result = CliRunner().invoke(app, [*command.split(), *short])
            assert agrees(expected, result.output), result.output
            errors += result.exit_code
    assert errors == 3
