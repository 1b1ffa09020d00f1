#!/usr/bin/env python3
"""Write docs/mistakes.md from the graphs and texts that the tests hold the program to.

.venv/bin/python scripts/make_mistakes_page.py
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import ndiff
from pathlib import Path
from textwrap import fill
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests/graphs"
PAGE = ROOT / "docs/mistakes.md"

INTRODUCTION = """\
# What a mistake looks like

`phonograph check demo.yaml` proves a graph before anything is trained. Each message says what is
wrong, underlines the place to change, gives the facts that lead there, and, where it can, what to
write instead. Mistakes in different places are told together, in one run.

This graph holds. Below, one thing in it is changed at a time: `-` is the line as it was, `+` the
line as it is now, and then comes the message.

```yaml
{graph}```
"""

CHOSEN = {
    "the module is unknown": (
        "A module that does not exist",
        "A misspelt name. `phonograph modules` lists all there are.",
    ),
    "the parameter is unknown": (
        "A parameter that does not exist",
        "Nothing that is written is silently ignored.",
    ),
    "the constructor refuses a setting inside a parameter": (
        "A value that a module refuses",
        "The module itself says what it wants, and the setting that it names is underlined.",
    ),
    "an input is missing": (
        "An input that is not wired",
        "Every input needs a wire; lengths come along with their tensor.",
    ),
    "the kind does not fit": (
        "Another kind of data",
        "Encoded frames are not scores, even where their shapes agree.",
    ),
    "axes are swapped": (
        "Swapped axes",
        "`toy.swapped` is a module of your own that gives time before width. The order is found"
        " wrong whatever the sizes are.",
    ),
    "a width disagrees from far away": (
        "A size that another node decides",
        "What clashes was decided two nodes earlier; the way from there to here is shown.",
    ),
    "the vocabulary size disagrees": (
        "Another number of tokens",
        "The tokenizer of the data decides how many tokens the head scores.",
    ),
    "alphabets of equal size disagree": (
        "Other letters, equally many",
        "Both tokenizers have five tokens, so every shape fits; but the third is a `c` in one"
        " and a `d` in the other.",
    ),
    "the sample rate disagrees": (
        "Another sample rate",
        "Read at the wrong rate, speech would sound too deep or too high to the model.",
    ),
    "lengths belong to another axis": (
        "The lengths of another axis",
        "The encoder keeps one frame of four, so the lengths before it are four times too large.",
    ),
    "a parameter cannot be inferred": (
        "A number that nothing gives",
        "What wires decide may be left out, but one node has to say it.",
    ),
    "the graph runs in a circle": (
        "A circle",
        "A node cannot wait for what is computed from it.",
    ),
    "a key is given twice": (
        "A key written twice",
        "YAML readers usually keep the last one and say nothing.",
    ),
    "a bracket is not closed": (
        "Broken YAML",
        "The bracket that was left open is shown, not only the place where reading stopped.",
    ),
}
"""Name of a case -> heading, and what to know."""


def page() -> str:
    """Return the whole page."""
    graph = (CASES / "demo.yaml").read_text(encoding="utf-8")
    cases = yaml.safe_load((CASES / "diagnostics.yaml").read_text(encoding="utf-8"))
    by_name = {case["name"]: case for case in cases}
    parts = [section(graph, by_name[name], *told) for name, told in CHOSEN.items()]
    return "\n".join([INTRODUCTION.format(graph=graph), *parts])


def section(graph: str, case: Mapping[str, Any], heading: str, remark: str) -> str:
    """Return what is told of one mistake."""
    changed = graph
    for edit in case["edits"]:
        changed = changed.replace(edit["old"], edit["new"])
    lines = ndiff(graph.splitlines(), changed.splitlines())
    edits = "\n".join(line for line in lines if line[:1] in "+-")
    message = case["said"]
    told = fill(remark, 105)
    return f"## {heading}\n\n{told}\n\n```diff\n{edits}\n```\n\n```text\n{message}```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
