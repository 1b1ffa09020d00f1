"""Lay one document over another: what the upper one writes wins, the rest shows through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phonograph.graphs.compose import Mark, Trail
from phonograph.graphs.document import Document

_TAGS = ("module", "type", "name")
_OF_A_MODULE = ("module", "use", "with", "version")


def merge(lower: Document, upper: Document) -> Document:
    """Return a document of both.

    Mappings are merged key by key; lists and single values are replaced. A mapping that says by its
    `module`, `type` or `name` that it is something else keeps no settings of what it was; a node
    keeps its wires then. Marks and folders come along with what they belong to.

    Args:
        lower: what is started from.
        upper: what is written on top.

    >>> from phonograph.graphs.document import parse_document
    >>> lower = parse_document("{a: {t: {type: x, n: 1}, n: 1, k: 2}}", "lower", Path())
    >>> upper = parse_document("{a: {t: {type: y}, n: 3}}", "upper", Path())
    >>> merge(lower, upper).data
    {'a': {'t': {'type': 'y'}, 'n': 3, 'k': 2}}
    """
    marks: dict[Trail, Mark] = {}
    folders: dict[Trail, Path] = {}
    merger = _Merger(lower, upper, marks, folders)
    data = merger.merged(lower.data, upper.data, ())
    return Document(upper.name, upper.folder, data, marks, folders)


@dataclass(frozen=True, slots=True)
class _Merger:
    lower: Document
    upper: Document
    marks: dict[Trail, Mark]
    folders: dict[Trail, Path]

    def merged(self, below: Any, above: Any, trail: Trail) -> Any:
        if not (isinstance(below, dict) and isinstance(above, dict)):
            return self.taken(self.upper, above, trail)
        self._mark(self.upper, trail)
        kept = [key for key in below if key not in _dropped(below, above, trail)]
        result = {}
        for key in dict.fromkeys([*kept, *above]):
            inner = (*trail, key)
            if key not in above:
                result[key] = self.taken(self.lower, below[key], inner)
            elif key in kept:
                result[key] = self.merged(below[key], above[key], inner)
            else:
                result[key] = self.taken(self.upper, above[key], inner)
        return result

    def taken(self, document: Document, value: Any, trail: Trail) -> Any:
        """Take a value with all that is inside it from one document."""
        self._mark(document, trail)
        match value:
            case dict():
                return {k: self.taken(document, v, (*trail, k)) for k, v in value.items()}
            case list():
                return [self.taken(document, v, (*trail, i)) for i, v in enumerate(value)]
        self.folders[trail] = document.folder_of(*trail)
        return value

    def _mark(self, document: Document, trail: Trail) -> None:
        if trail in document.marks:
            self.marks[trail] = document.marks[trail]


def _dropped(below: dict[str, Any], above: dict[str, Any], trail: Trail) -> frozenset[str]:
    """Name what no longer belongs to a mapping that became something else."""
    if len(trail) == 2 and trail[0] == "modules":
        old, new = (_identity(node) for node in (below, above))
        other = any(old) and any(new) and old != new
        return frozenset(_OF_A_MODULE if other else ())
    if len(trail) < 2 or (trail[0] == "modules" and len(trail) == 3):
        return frozenset()  # its keys are names that the graph gives, or those of a constructor
    changed = any(tag in below and below[tag] != above[tag] for tag in _TAGS if tag in above)
    return frozenset(below) if changed else frozenset()


def _identity(node: dict[str, Any]) -> tuple[Any, Any]:
    return node.get("module"), node.get("use")


def trails(value: Any, trail: Trail = ()) -> Iterator[Trail]:
    """Yield the trail of a value and of everything inside it."""
    yield trail
    match value:
        case dict():
            for key, inner in value.items():
                yield from trails(inner, (*trail, key))
        case list():
            for index, inner in enumerate(value):
                yield from trails(inner, (*trail, index))
