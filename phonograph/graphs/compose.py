"""Build plain data from YAML events, with the place of every value; size and depth are bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml

from phonograph.errors import Diagnostic, GraphError, Place
from phonograph.graphs.scalars import scalar

MAX_DEPTH = 40
MAX_VALUES = 100_000

Trail = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands, and its key if it has one."""

    value: Place
    key: Place


class Composer:
    """Reads one text.

    Args:
        text: the YAML.
        name: the name the user knows it by.

    Attributes:
        marks: trail of keys and indices -> mark.
        faults: duplicate keys.
    """

    def __init__(self, text: str, name: str) -> None:
        self.lines = text.splitlines()
        self.name = name
        self.marks: dict[Trail, Mark] = {}
        self.faults: list[Diagnostic] = []
        self._values = 0
        self._anchors: dict[str, list[yaml.Event]] = {}

    def read(self, events: Iterator[yaml.Event]) -> Any:
        """Return the data of the only document.

        Raises:
            GraphError: tags, several documents, or a bound passed.
        """
        body = self._single_document(events)
        self._collect_anchors(body)
        return self._value(iter(body), (), None) if body else None

    def place(self, start: yaml.Mark, end: yaml.Mark | None = None) -> Place:
        """Return the place between two marks, at most to the end of the first one's line."""
        source = self.lines[start.line] if start.line < len(self.lines) else ""
        same_line = end is not None and end.line == start.line
        width = (end.column if end is not None and same_line else len(source)) - start.column
        return Place(self.name, start.line + 1, start.column + 1, max(width, 1), source)

    def _single_document(self, events: Iterator[yaml.Event]) -> list[yaml.Event]:
        body: list[yaml.Event] = []
        depth = documents = 0
        for event in events:
            documents += isinstance(event, yaml.DocumentStartEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                self._stop("PG003", f"nested more than {MAX_DEPTH} levels deep", event)
            if documents > 1:
                self._stop("PG001", "a second document starts here; a graph file has one", event)
            if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                body.append(event)
        return body

    def _collect_anchors(self, body: list[yaml.Event]) -> None:
        for position, event in enumerate(body):
            if not isinstance(event, yaml.AliasEvent) and getattr(event, "anchor", None):
                self._anchors[event.anchor] = body[position : _end_of(body, position)]

    def _value(self, events: Iterator[yaml.Event], trail: Trail, key: Place | None) -> Any:
        return self._from(next(events), events, trail, key)

    def _from(
        self, event: yaml.Event, events: Iterator[yaml.Event], trail: Trail, key: Place | None
    ) -> Any:
        place = self.place(event.start_mark, event.end_mark)
        self._values += 1
        if self._values > MAX_VALUES:
            self._stop("PG003", f"more than {MAX_VALUES:,} values, aliases expanded", event)
        self.marks[trail] = Mark(place, key or place)
        if getattr(event, "tag", None):
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            message = f"the tag `{tag}` is not allowed: a graph is plain data"
            self._stop("PG001", message, event)
        match event:
            case yaml.AliasEvent():
                return self._alias(event, trail, key)
            case yaml.MappingStartEvent():
                return self._mapping(event, events, trail)
            case yaml.SequenceStartEvent():
                return self._sequence(event, events, trail)
        plain = event.implicit[0] and event.style in (None, "")
        return scalar(event.value) if plain else event.value

    def _alias(self, event: yaml.AliasEvent, trail: Trail, key: Place | None) -> Any:
        if event.anchor not in self._anchors:
            self._stop("PG001", f"unknown alias `*{event.anchor}`", event)
        if len(trail) > MAX_DEPTH:
            message = f"the alias `*{event.anchor}` contains itself, or aliases nest too deep"
            self._stop("PG003", message, event)
        return self._value(iter(self._anchors[event.anchor]), trail, key)

    def _mapping(
        self, start: yaml.MappingStartEvent, events: Iterator[yaml.Event], trail: Trail
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                self._widen(trail, start, event)
                break
            if not isinstance(event, yaml.ScalarEvent):
                self._stop("PG001", "a key must be plain text", event)
            name, place = event.value, self.place(event.start_mark, event.end_mark)
            if name in result:
                self._report_duplicate(name, place, self.marks[*trail, name].key)
            result[name] = self._value(events, (*trail, name), place)
        return result

    def _sequence(
        self, start: yaml.SequenceStartEvent, events: Iterator[yaml.Event], trail: Trail
    ) -> list[Any]:
        result: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                self._widen(trail, start, event)
                break
            result.append(self._from(event, events, (*trail, len(result)), None))
        return result

    def _widen(self, trail: Trail, start: yaml.Event, end: yaml.Event) -> None:
        """Underline brackets from the first to the last."""
        if start.flow_style:
            whole = self.place(start.start_mark, end.end_mark)
            self.marks[trail] = replace(self.marks[trail], value=whole)

    def _report_duplicate(self, name: str, place: Place, first: Place) -> None:
        fault = Diagnostic(
            "PG004",
            f"the key `{name}` is given twice",
            place,
            causes=(f"it was first given at {first}",),
            help="delete one of the two",
        )
        if fault not in self.faults:  # an alias repeats what it stands for
            self.faults.append(fault)

    def _stop(self, code: str, message: str, event: yaml.Event) -> None:
        place = self.place(event.start_mark, event.end_mark)
        raise GraphError(Diagnostic(code, message, place))


def _end_of(body: list[yaml.Event], start: int) -> int:
    depth = 0
    for position in range(start, len(body)):
        depth += isinstance(body[position], yaml.CollectionStartEvent)
        depth -= isinstance(body[position], yaml.CollectionEndEvent)
        if depth == 0:
            return position + 1
    return len(body)
