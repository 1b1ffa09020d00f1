"""What is printed where: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from phonograph.errors import Diagnostic

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

TABLE_WIDTH = 400
"""Columns; more than any table has, so that no cell is cut or folded."""

Part = tuple[str, str]
"""A text and its style."""

_STYLES = {
    r"(?m)^error\[\w+\]": "bold red",
    r"(?m)^ *--> .*$": "blue",
    r"(?m)^ *\d* \|": "blue",
    r"\^+.*": "red",
    r"(?m)^ *= help: .*(?:\n {7,}\S.*)*": "cyan",
}


def output() -> Console:
    """The console for results; it writes no colours into files, pipes or where NO_COLOR is set."""
    from rich.console import Console

    return Console(highlight=False, markup=False)


def print_table(table: Table) -> None:
    """Print a table, without the blanks that fill up its last column.

    On a terminal that is too narrow for it, its columns come in parts below each other; each part
    starts with the first column.
    """
    widest = get_terminal_size().columns if sys.stdout.isatty() else TABLE_WIDTH
    for number, part in enumerate(_parts(table, widest)):
        if number:
            say()
        _print_part(part)


def _print_part(table: Table) -> None:
    console = output()
    console.width = TABLE_WIDTH
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        say(line.rstrip())


def _parts(table: Table, widest: int) -> list[Table]:
    from rich.cells import cell_len

    titles = [str(column.header) for column in table.columns]
    cells = [[str(cell) for cell in column.cells] for column in table.columns]
    widths = [
        max(map(cell_len, (title, *below))) + 2 for title, below in zip(titles, cells, strict=True)
    ]
    if sum(widths) - 2 <= widest:
        return [table]
    groups: list[list[int]] = [[0]]
    for column in range(1, len(widths)):
        if len(groups[-1]) > 1 and sum(widths[k] for k in (*groups[-1], column)) - 2 > widest:
            groups.append([0])
        groups[-1].append(column)
    return [_part(table, titles, cells, group) for group in groups]


def _part(table: Table, titles: list[str], cells: list[list[str]], group: list[int]) -> Table:
    part = start_table()
    for k in group:
        part.add_column(titles[k], justify=table.columns[k].justify, no_wrap=True)
    for row in zip(*(cells[k] for k in group), strict=True):
        if any(row[1:]):
            part.add_row(*row)
    return part


def start_table(*columns: str) -> Table:
    """Return an empty table without lines."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def say(line: str = "") -> None:
    """Print a line of the result."""
    print(line, flush=True)


def say_styled(*parts: Part) -> None:
    """Print a line of the result, in colours on a terminal."""
    from rich.text import Text

    line = Text.assemble(*parts)
    line.rstrip()
    output().print(line, soft_wrap=True)


def say_json(value: Any) -> None:
    """Print the result as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False), flush=True)


def note(line: str) -> None:
    """Print a remark that is not part of the result."""
    print(line, file=sys.stderr, flush=True)


def tell(faults: Iterable[Diagnostic], closing: str = "") -> None:
    """Print faults, in colours on a terminal, and there also where to read more.

    Args:
        faults: what to tell.
        closing: a remark for the end, such as their number.
    """
    faults = list(faults)
    note_styled("\n\n".join(map(str, faults)), _STYLES)
    more = f"`phonograph explain {faults[0].code}` says more" if faults and on_terminal() else ""
    if ending := "; ".join(part for part in (closing, more) if part):
        note(f"\n{ending}")


def on_terminal() -> bool:
    """Whether a person reads what is printed on standard error."""
    return sys.stderr.isatty()


def note_styled(text: str, styles: Mapping[str, str]) -> None:
    """Print a remark with colours for what patterns match, on a terminal."""
    if not on_terminal() or os.environ.get("NO_COLOR"):
        note(text)
        return
    from rich.console import Console

    Console(stderr=True).print(_styled(text, styles), soft_wrap=True)


def print_styled(text: str, styles: Mapping[str, str]) -> None:
    """Print a result with colours for what patterns match, on a terminal."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        say(text)
        return
    output().print(_styled(text, styles), soft_wrap=True)


def _styled(text: str, styles: Mapping[str, str]) -> Text:
    from rich.text import Text

    styled = Text(text)
    for pattern, style in styles.items():
        styled.highlight_regex(pattern, style)
    return styled
