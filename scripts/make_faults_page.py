#!/usr/bin/env python3
"""Write docs/faults.md: every fault that tests provoke, and the message that they hold us to.

.venv/bin/python scripts/make_faults_page.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import yaml

from phonograph.cli.code_pages import FAMILIES, code_pages

ROOT = Path(__file__).resolve().parent.parent
GRAPHS = ROOT / "tests/graphs/diagnostics.yaml"
OTHERS = ROOT / "tests/cli/told.yaml"
PAGE = ROOT / "docs/faults.md"

LONGEST = 70
"""Characters; more of an underlined text is not needed to recognise it."""

INTRODUCTION = """\
# Faults

What can be wrong, and what you see: the first line of the message, and below it the text that is
underlined in your file. The page is made from the tables that the tests hold the program to.
`phonograph explain PG030` says more of a code; [a few messages in full](mistakes.md).

## What NeMo 3.0.0 lets pass, or tells late

All of these are errors here before anything runs, with the line to change. What NeMo does,
`scripts/what_nemo_lets_pass.py` prints where NeMo 3.0.0 is installed. Lengths that a module
gives as fractions are found by the contract test that every module has to pass: `lengths: Lengths
cannot be torch.float32`. Weights that were trained behind another front end are PG053.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the page.

    Args:
        name: what is wrong.
        code: the code.
        message: the first line, without the code.
        underlined: what is underlined, or where it is.
        label: what stands beside that.
        nemo: what NeMo does, where it does not tell it at once.
    """

    name: str
    code: str
    message: str
    underlined: str
    label: str = ""
    nemo: str = ""

    def row(self, *more: str) -> str:
        """Return the row of a table."""
        below = [in_code(self.underlined), self.label] if self.underlined else []
        seen = "<br>".join(part for part in (self.message, " ".join(below).strip()) if part)
        cells = (self.name, seen, self.code, *more)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page() -> str:
    """Return the whole page."""
    graphs = list(graph_faults())
    late = sorted((fault for fault in graphs if fault.nemo), key=lambda fault: fault.code)
    parts = [INTRODUCTION, table(late, with_nemo=True)]
    others = [fault for fault in other_faults() if fault.code not in {one.code for one in graphs}]
    for family, (about, _) in FAMILIES.items():
        found = [fault for fault in [*graphs, *others] if fault.code.startswith(family)]
        heading = about[0].upper() + about[1:]
        parts += [f"## {heading}\n", table(sorted(found, key=lambda fault: fault.code))]
    return "\n".join(parts)


def table(faults: Sequence[Fault], *, with_nemo: bool = False) -> str:
    """Return the rows of faults as a table."""
    columns = ["fault", "what you see", "code", *(["NeMo 3.0.0"] if with_nemo else [])]
    rows = [fault.row(*([fault.nemo] if with_nemo else [])) for fault in faults]
    return "\n".join([f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows]) + "\n"


def graph_faults() -> Iterator[Fault]:
    """Read the faults that a check of one graph finds."""
    for case in yaml.safe_load(GRAPHS.read_text(encoding="utf-8")):
        yield fault_of(case["name"], case["said"], case.get("nemo", ""))


def other_faults() -> Iterator[Fault]:
    """Read the faults that the wrong examples of the pages of codes give."""
    told = yaml.safe_load(OTHERS.read_text(encoding="utf-8"))
    for page in code_pages().values():
        if page.code in told:
            yield fault_of(page.title, told[page.code])


def fault_of(name: str, said: str, nemo: str = "") -> Fault:
    r"""Take a message apart.

    >>> said = "error[PG010]: no\n --> a.yaml:1:4\n  |\n 1 | a: bc\n   |    ^^ here\n"
    >>> fault_of("name", said).underlined
    'bc'
    """
    lines = said.splitlines()
    code, message = re.match(r"(?:error|warning)\[(\w+)\]: (.*)", lines[0]).groups()  # type: ignore[union-attr]
    underlined = label = ""
    for source, line in pairwise(lines):
        if found := re.fullmatch(r" +\| +(\^+)(.*)", line):
            start, stop = found.span(1)
            whole, label = source[start:stop].replace("\t", "\\t"), found[2].strip()
            underlined = f"{whole[:LONGEST]}…" if len(whole) > LONGEST else whole
    if not underlined and len(lines) > 1 and "command line" in lines[1]:
        underlined = lines[1].partition("--> ")[2]
    said_twice = label == f"{underlined} here"
    return Fault(name, code, message, underlined, "" if said_twice else label, nemo)


def in_code(text: str) -> str:
    """Write a text as code, whatever it holds."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
