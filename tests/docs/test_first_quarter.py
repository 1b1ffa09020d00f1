"""The newcomer's page is a session: its edits are made, its commands run, its output compared."""

import re
from pathlib import Path

from typer.testing import CliRunner

from phonograph.cli.main import app

PAGE = Path(__file__).parents[2] / "docs/first-quarter.md"
BLOCK = re.compile(r"^```(yaml|diff|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = "\n…\n"
MEASURED = re.compile(r"(?:\d[\d.,]* (?:h|min|s|ms|[kMG]B)\b ?)+|(?<=loss  )[ \d.]+|\d+ batches")


def test_the_first_quarter_goes_as_it_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("phonograph.cli.init._at_terminal", lambda: True)
    graph = tmp_path / "my.yaml"
    statuses = []
    for kind, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        match kind:
            case "yaml":
                text = graph.read_text(encoding="utf-8")
                assert holds_in_order(f"…\n{block}…", text)
            case "diff":
                edit(graph, block)
            case "console":
                command, _, told = block.removeprefix("$ phonograph ").partition("\n")
                result = CliRunner().invoke(app, command.split(), input="\n\n\n")
                expected, shown = comparable(told, command), comparable(result.output, command)
                assert holds_in_order(expected, shown), result.output
                statuses.append(result.exit_code)
    assert statuses == [0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0]
    assert (tmp_path / "my.html").exists()


def edit(graph, block):
    """Put the lines with `+` in place of those with `-`."""
    before, after = (
        "".join(f"{line[1:]}\n" for line in block.splitlines() if line.startswith(sign))
        for sign in "-+"
    )
    text = graph.read_text(encoding="utf-8")
    assert text.count(before) == 1
    graph.write_text(text.replace(before, after), encoding="utf-8")


def comparable(text, command):
    """Leave out what another machine measures otherwise, and blanks at the ends of lines."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    if command.startswith("train"):
        lines = [re.sub(" +", " ", MEASURED.sub("# ", line)).rstrip() for line in lines]
    return "\n".join(lines)


def holds_in_order(told, whole):
    """Whether the parts between what is left out come one after the other, from end to end."""
    parts = [re.escape(part) for part in f"\n{told}\n".split(LEFT_OUT)]
    return re.fullmatch("\n(?:.*\n)*?".join(parts), f"\n{whole}\n") is not None


def test_a_page_that_is_not_true_is_noticed():
    assert holds_in_order("a\n…\nd", "a\nb\nc\nd")
    assert not holds_in_order("a\n…\ne", "a\nb\nc\nd")
    assert not holds_in_order("a\n…\nc", "a\nb\nc\nd")
    assert comparable("time 3.1 s  loss  4.2", "train") == comparable(
        "time 12 s loss  4.3", "train"
    )
