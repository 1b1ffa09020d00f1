"""What a user must still give: every `???`, spelt as an override would spell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from phonograph.errors import Diagnostic
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document
from phonograph.graphs.parameters import GIVEN_LATER
from phonograph.graphs.solved import SolvedGraph


def left_open(graph: SolvedGraph) -> Iterator[str]:
    """Give the path of every setting that is still `???`, references to others left out."""
    for trail in _to_give(graph.spec.document):
        yield _spelt(trail)


def all_left_open(graph: SolvedGraph) -> Iterator[str]:
    """Give the path of every setting that has no value yet, also by what it refers to."""
    for trail in _open(graph.spec.document):
        yield _spelt(trail)


def left_open_faults(graph: SolvedGraph) -> list[Diagnostic]:
    """Return a fault for every `???`: `check` accepts them, training does not."""
    document = graph.spec.document
    return [
        Diagnostic(
            "PG064",
            f"`{_spelt(trail)}` is left open",
            document.place(*trail),
            help=f"give it: {_spelt(trail)}=…",
        )
        for trail in _to_give(document)
    ]


def _to_give(document: Document) -> Iterator[Trail]:
    """Give the trails of what is open; what refers to another is given with that one."""
    return (trail for trail in _open(document) if trail not in document.referring)


def _open(document: Document) -> Iterator[Trail]:
    """Give the trails of what is open; inside of composites, those of the variables that are."""
    told = tuple(f"{name}." for name, variables in document.left_open.items() if variables)
    for name, variables in document.left_open.items():
        for variable in variables:
            yield ("modules", name, "with", variable)
    for trail in _open_below(document.data, ()):
        if not (trail[0] == "modules" and str(trail[1]).startswith(told)):
            yield trail


def _spelt(trail: Trail) -> str:
    return ".".join(map(str, trail))


def _open_below(value: Any, trail: Trail) -> Iterator[Trail]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _open_below(inner, (*trail, key))
        case list():
            for index, inner in enumerate(value):
                yield from _open_below(inner, (*trail, index))
        case str() if GIVEN_LATER in value:
            yield trail
