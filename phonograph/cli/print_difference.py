"""How two graphs differ, as lines for a person: what was changed, what follows, what can stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phonograph.cli.print_weights import print_weights
from phonograph.cli.screen import Part, say, say_styled
from phonograph.cli.two_values import in_two_texts, in_two_values
from phonograph.graphs.changes import ABSENT, Change

if TYPE_CHECKING:
    from phonograph.graphs.difference import Difference
    from phonograph.graphs.node_difference import NodeDifference

_SIGNS = {
    "added": ("+", "green"),
    "removed": ("-", "red"),
    "renamed": ("=", "cyan"),
    "changed": ("~", "yellow"),
}
_WIDEST = 48
"""Columns of a pair of values; where a longer one was written stands right behind it."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One line below a heading: what differs, from what to what, and where that was written."""

    what: str
    before: str
    after: str
    origin: str = ""
    follows: bool = False

    def parts(self, first: int, second: int) -> list[Part]:
        faint = "dim " if self.follows else ""
        values = [(self.before, f"{faint}red"), (self.after, f"{faint}green")]
        if self.before and self.after:
            values.insert(1, (" -> ", "dim"))
        else:
            sign = ("- ", f"{faint}red") if self.before else ("+ ", f"{faint}green")
            values.insert(0, sign)
        width = sum(len(text) for text, _ in values)
        where = f"{' ' * (second - width)}  {self.origin}" if self.origin else ""
        return [(f"    {self.what:{first}}  ", faint.strip()), *values, (where, "dim")]

    @property
    def width(self) -> int:
        """Columns of the two values."""
        return sum(len(text) for text, _ in self.parts(0, 0)[1:-1])


_Block = tuple[list[Part], list[_Row]]


def print_difference(
    found: Difference, training: Sequence[Change], arguments: tuple[str, str]
) -> None:
    """Print how two graphs differ.

    Args:
        found: what differs.
        training: what differs in `init` and `train`.
        arguments: what the user calls the two.
    """
    blocks = [*_changed(found), *_following(found)]
    blocks += [*_section("views", found.views), *_section("training", training)]
    rows = [row for _, rows in blocks for row in rows]
    first = max((len(row.what) for row in rows), default=0)
    widths = (row.width for row in rows if row.origin)
    second = max((width for width in widths if width <= _WIDEST), default=0)
    _print_header(found, arguments)
    for heading, block in blocks:
        say()
        say_styled(*heading)
        for row in block:
            say_styled(*row.parts(first, second))
    print_weights(found.weights)


def _print_header(found: Difference, arguments: tuple[str, str]) -> None:
    names, files = max(map(len, found.names)), max(map(len, arguments))
    numbers = max(len(f"{total:,}") for total in found.totals)
    both = zip(("- ", "+ "), ("red", "green"), found.names, arguments, found.totals, strict=True)
    for sign, style, name, argument, total in both:
        rest = f"  {argument:{files}}  {total:{numbers},} parameters"
        say_styled((f"{sign}{name:{names}}", f"bold {style}"), (rest, "dim"))


def _changed(found: Difference) -> Iterator[_Block]:
    for node in found.nodes:
        if node.status != "follows":
            sign, style = _SIGNS[node.status]
            was = f"  was {node.old_name}" if node.status == "renamed" else ""
            heading = [
                (f"{sign} {node.name}", f"bold {style}"),
                (f"  {node.module}{was}", ""),
                (_parameters(found, node), "dim"),
            ]
            yield heading, [] if node.status == "removed" else list(_rows(node))


def _rows(node: NodeDifference) -> Iterator[_Row]:
    yield from map(_row, node.settings)
    yield from (_row(Change(f"from {w.what}", w.before, w.after)) for w in node.wires)
    yield from _output_rows(node)


def _following(found: Difference) -> Iterator[_Block]:
    nodes = [node for node in found.nodes if node.status == "follows"]
    rows = [row for node in nodes for row in _output_rows(node, f"{node.name}.")]
    if rows:
        yield [("follows", "bold"), ("  from what is above", "dim")], rows


def _output_rows(node: NodeDifference, prefix: str = "") -> Iterator[_Row]:
    """One row for each output, whatever differs in it; what is solved for an input follows."""
    outputs: dict[str, list[Change]] = {}
    for change in node.outputs:
        outputs.setdefault(change.what.partition(".")[0], []).append(change)
    for name, changes in outputs.items():
        before = ", ".join(str(c.before) for c in changes if c.before is not ABSENT)
        after = ", ".join(str(c.after) for c in changes if c.after is not ABSENT)
        yield _Row(prefix + name, *in_two_texts(before, after), follows=True)


def _section(title: str, changes: Sequence[Change]) -> Iterator[_Block]:
    if changes:
        yield [(title, "bold")], list(map(_row, changes))


def _row(change: Change) -> _Row:
    return _Row(change.what, *in_two_values(change.before, change.after), change.origin)


def _parameters(found: Difference, node: NodeDifference) -> str:
    before, after = found.parameters.get(node.name, (0, 0))
    counts = [f"{count:,}" for count in dict.fromkeys((before, after)) if count]
    if before == after and node.status != "renamed":
        return ""
    return f"  {' -> '.join(counts)} parameters" if counts else ""
