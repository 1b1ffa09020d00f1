"""`phonograph check --data`: what looking at all data found, on the terminal and on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from phonograph.cli.screen import (
    note,
    note_styled,
    on_terminal,
    print_table,
    say,
    start_table,
)
from phonograph.counted import counted
from phonograph.errors import Diagnostic

if TYPE_CHECKING:
    from pathlib import Path

    from phonograph.graphs.solved import SolvedGraph
    from phonograph.training.preflight.finding import Finding, Group
    from phonograph.training.preflight.preflight import Preflight, Progress
    from phonograph.training.preflight.split_facts import SplitFacts

SHOWN = 5
"""Findings of a group that are printed; all are in the JSON, and on the page."""

_STYLES = {
    r"(?m)^error\[\w+\]": "bold red",
    r"(?m)^warning\[\w+\]": "bold yellow",
    r"(?m)^ *--> .*$": "blue",
    r"(?m)^ *\d* \|": "blue",
    r"\^+.*": "red",
    r"(?m)^ *= help: .*$": "cyan",
}


def look_at_data(graph: SolvedGraph, page: Path | None) -> Preflight:
    """Look at all data with a bar on a terminal, and write the page that is asked for.

    Raises:
        PhonographError: the graph reads no manifest, or leaves open what has to be known.
        OSError: the page cannot be written.
    """
    from phonograph.training.preflight.preflight import preflight

    if page is not None and not page.parent.is_dir():  # told before the work, not after it
        raise FileNotFoundError(2, "No such file or directory", str(page.parent))
    with _bar() as progress:
        found = preflight(graph, progress=progress)
    if page is not None:
        from phonograph.training.preflight.page import to_html
        from phonograph.whole_file import write_whole

        write_whole(page, to_html(found))
    return found


def print_data(found: Preflight, page: Path | None) -> None:
    """Print the splits as a table, and what is wrong by groups."""
    say()
    _print_splits(found)
    if page is not None:
        say(f"\nthe page: {page}")
    for group in found.groups:
        note("")
        note_styled(group_text(group, found), _STYLES)
    if found.groups:
        codes = f"; `phonograph explain {found.groups[0].code}` says more" if on_terminal() else ""
        note(f"\n{counted(found.errors, 'error')}, {counted(found.warnings, 'warning')}{codes}")


def group_text(group: Group, found: Preflight) -> str:
    """Write a group as one message; a finding that is alone is told in full."""
    if len(group.findings) == 1:
        text = str(group.findings[0].fault)
    else:
        causes = [f"{one.place}: {one.fault.message}" for one in group.findings[:SHOWN]]
        causes += _more(group.findings[SHOWN:])
        if group.code == "PD020":
            causes += _unknown(found)
        message = f"{group.title}, {len(group.findings):,} times"
        help_ = group.findings[0].fault.help
        text = str(Diagnostic(group.code, message, causes=tuple(causes), help=help_))
    return text if group.severity == "error" else f"warning{text.removeprefix('error')}"


def _more(others: tuple[Finding, ...]) -> Iterator[str]:
    if others:
        counts = Counter(finding.split for finding in others)
        where = ", ".join(f"{count:,} in {split}" for split, count in counts.items())
        yield f"{len(others):,} more: {where}; --json and --page have all"


def _unknown(found: Preflight) -> Iterator[str]:
    ordered = sorted(found.unknown.items(), key=lambda entry: -entry[1].count)
    for character, unknown in ordered[: 2 * SHOWN]:
        name = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
        times = "once" if unknown.count == 1 else f"{unknown.count:,} times"
        yield f"{name} {times}, first at {unknown.places[0]}"


def _print_splits(found: Preflight) -> None:
    table = start_table("split")
    named = any(facts.speakers for facts in found.splits)
    titles = ("utterances", "hours", "shortest", "median", "longest", "characters", "tokens")
    for title in (*titles, *(["speakers"] if named else [])):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("rate", no_wrap=True)
    table.add_column("formats", no_wrap=True)
    for facts in found.splits:
        speakers = [f"{facts.speakers:,}"] if named else []
        table.add_row(*_row(facts), *speakers, *_kinds(facts))
    print_table(table)
    for split in found.demands.left_open:
        say(f"{split} is still to be given (???)")
    sizes = {facts.split: facts.utterances for facts in found.splits}
    for (one, other), count in found.shared_texts.items():
        if count:
            say(f"{count:,} of {sizes[other]:,} texts of {other} are in {one} as well")


def _row(facts: SplitFacts) -> list[str]:
    return [
        facts.split,
        f"{facts.utterances:,}",
        f"{facts.hours:.2f}" if facts.hours < 100 else f"{facts.hours:,.0f}",
        f"{facts.shortest:.2f} s",
        f"{facts.median:.2f} s",
        f"{facts.longest:.2f} s",
        f"{facts.characters:,}",
        f"{facts.tokens:,}",
    ]


def _kinds(facts: SplitFacts) -> list[str]:
    """Write rates and formats; with their counts where there are several."""
    return [
        _counts({f"{rate}": n for rate, n in facts.rates.items()}),
        _counts(dict(facts.formats)),
    ]


def _counts(counts: dict[str, int]) -> str:
    if len(counts) < 2:
        return "".join(counts)
    return ", ".join(f"{name} x {count:,}" for name, count in counts.items())


@contextmanager
def _bar() -> Iterator[Progress | None]:
    """Draw a bar on a terminal; give what moves it."""
    if not on_terminal():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("listening"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("listening", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
