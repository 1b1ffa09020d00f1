"""`phonograph modules`: what a graph can be made of."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from phonograph.cli.graph_argument import AsJson
from phonograph.cli.module_groups import grouped
from phonograph.cli.module_page import page, to_json
from phonograph.cli.screen import say, say_json, tell
from phonograph.errors import Diagnostic, GraphError, nearest
from phonograph.types.docstring import PAPER

if TYPE_CHECKING:
    from phonograph.types.declaration import Declaration
    from phonograph.types.registry import Registry

MOST_COLUMNS = 100
"""Longer lines are hard to read, however wide the terminal is."""

LEAST_COLUMNS = 60


def modules(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Tell all about one, or list those with this word."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List what a graph can be made of, or tell all about one module.

    A word that is no module's id lists those whose id or summary has it.

    Examples:
      phonograph modules
      phonograph modules conv
      phonograph modules asr.log_mel
    """
    from phonograph.collections import default_registry

    registry = default_registry()
    one = None if name is None else _named(registry, name)
    if one is not None:
        if as_json:
            say_json(to_json(one, registry.plugins.get(one.id)))
        else:
            say(page(one, _columns(), registry.plugins.get(one.id)))
        return
    declared, faults = registry.load_all()
    chosen = declared if name is None else _with_word(declared, name)
    if name is not None and not chosen:
        message = f"unknown module `{name}`"
        raise GraphError(Diagnostic("PG010", message, help=_resembling(registry, name)))
    if as_json:
        say_json([to_json(one, registry.plugins.get(one.id)) for one in chosen])
    else:
        _list(chosen, registry.plugins)
        say("\nAll about one: phonograph modules NAME")
    if faults:
        tell(faults)


def _named(registry: Registry, name: str) -> Declaration | None:
    """Find a module by its id, or by its last part where only one has it."""
    if name in registry:
        return registry.load(name)
    last = [id for id in registry.ids if id.rpartition(".")[2] == name]
    return registry.load(last[0]) if len(last) == 1 else None


def _with_word(declared: Sequence[Declaration], word: str) -> list[Declaration]:
    sought = word.casefold()
    return [one for one in declared if sought in f"{one.id} {one.summary}".casefold()]


def _resembling(registry: Registry, name: str) -> str:
    ids = {id.rpartition(".")[2]: id for id in registry.ids}
    found = nearest(name, registry.ids) or nearest(name, list(ids))
    return found or "`phonograph modules` lists them all"


def _list(declared: Iterable[Declaration], plugins: Mapping[str, str]) -> None:
    declared = list(declared)
    indent = max(len(one.id) for one in declared) + 4
    columns = _columns()
    for number, (group, members) in enumerate(grouped(declared).items()):
        say(("\n" if number else "") + group)
        for one in members:
            start = f"  {one.id}".ljust(indent)
            source = f" ({plugins[one.id]})" if one.id in plugins else ""
            filled = textwrap.fill(
                f"{_short(one.summary)}{source}",
                columns,
                initial_indent=start,
                subsequent_indent=" " * indent,
            )
            say(filled)


def _short(summary: str) -> str:
    """Leave out of a summary where it is from, which the module's page tells.

    >>> _short("Score frames (Graves et al. 2006, sec. 3).")
    'Score frames.'
    """
    return PAPER.sub("", summary)


def _columns() -> int:
    """Return how wide lines may be."""
    found = shutil.get_terminal_size((MOST_COLUMNS, 24)).columns
    return max(LEAST_COLUMNS, min(MOST_COLUMNS, found))
