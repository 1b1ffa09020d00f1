"""Which weights of one graph could start another, as a table for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from phonograph.cli.screen import say, say_styled
from phonograph.counted import counted

if TYPE_CHECKING:
    from phonograph.graphs.weight_difference import WeightDifference

MOST_SHAPES = 6
"""Lines about weights of another shape; the rest is counted."""


def print_weights(weights: WeightDifference) -> None:
    """Print which weights could start the second graph, node by node."""
    if not weights.nodes:
        return
    say()
    say_styled(("weights", "bold"), (f"  {_summed_up(weights)}", "dim"))
    if not weights.differs:
        return
    for line in _table(weights):
        say(f"    {line}".rstrip())
    shapes = _shapes(weights)
    first = max((len(name) for name, *_ in shapes), default=0)
    for name, before, after in shapes[:MOST_SHAPES]:
        say_styled(
            (f"    {name:{first}}  ", ""), (before, "red"), (" -> ", "dim"), (after, "green")
        )
    if len(shapes) > MOST_SHAPES:
        say_styled((f"    … {len(shapes) - MOST_SHAPES} more of another shape: --json", "dim"))


def _summed_up(weights: WeightDifference) -> str:
    could, wanted = len(weights.reusable), len(weights.reusable + weights.reshaped + weights.new)
    number = "all" if could == wanted else f"{could:,} of"
    number = f"{number} {counted(wanted, 'tensor')}"
    line = f"A could start {number} of B"
    if weights.unequal is None or not could:
        return line
    if not weights.unequal:
        return f"{line}; they are equal, bit for bit"
    values = counted(sum(weights.unequal.values()), "value")
    return f"{line}; {values} of {counted(len(weights.unequal), 'tensor')} are unequal"


def _table(weights: WeightDifference) -> Iterator[str]:
    """Give lines of numbers of tensors, a node each, without the columns that are empty."""
    columns = {
        "reusable": weights.reusable,
        "unequal": tuple(weights.unequal or ()),
        "other shape": tuple(weight.name for weight in weights.reshaped),
        "new": weights.new,
        "left": weights.left,
    }
    shown = {title: names for title, names in columns.items() if names}
    first = max(map(len, weights.nodes))
    yield f"{'':{first}}  {'  '.join(shown)}"
    for node, own in weights.nodes.items():
        counts = ((title, len(own.intersection(names))) for title, names in shown.items())
        cells = (f"{count or '':>{len(title)}}" for title, count in counts)
        yield f"{node:{first}}  {'  '.join(cells)}"


def _shapes(weights: WeightDifference) -> list[tuple[str, str, str]]:
    """Give names and shapes; layers that are alike share a line, with `*` for their number."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for weight in weights.reshaped:
        pattern = re.sub(r"\.\d+(?=\.|$)", ".*", weight.name)
        key = pattern, _written(weight.before), _written(weight.after)
        alike.setdefault(key, []).append(weight.name)
    return [
        (names[0] if len(names) == 1 else pattern, before, after)
        for (pattern, before, after), names in alike.items()
    ]


def _written(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a number"
