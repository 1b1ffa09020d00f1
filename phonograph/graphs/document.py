"""Read YAML as data: plain values, and for each the place it was written.

Scalars follow the YAML 1.2 core schema (`1e-3` is a number, `no` is text). Tags, and with them any way
to name Python, are refused; size, depth and alias expansion are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from phonograph.errors import Diagnostic, GraphError, Place

MAX_BYTES = 1 << 20
MAX_DEPTH = 40
MAX_NODES = 200_000

Trail = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands, and its key if it has one."""

    value: Place
    key: Place


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and the marks beside it.

    Args:
        name: the name the user knows the text by.
        folder: what relative paths in the text are relative to.
        data: dictionaries, lists, strings, numbers, booleans and None.
        marks: trail of keys and indices -> mark.
        folders: trails whose relative paths are relative to another folder.
    """

    name: str
    folder: Path
    data: Any
    marks: dict[Trail, Mark] = field(repr=False)
    folders: dict[Trail, Path] = field(default_factory=dict, repr=False)

    def folder_of(self, *trail: str | int) -> Path:
        """What a relative path at a trail is relative to."""
        while trail:
            if trail in self.folders:
                return self.folders[trail]
            trail = trail[:-1]
        return self.folder

    def place(self, *trail: str | int) -> Place:
        """Where the value at a trail stands, or its nearest existing parent."""
        return self._nearest(trail).value

    def key_place(self, *trail: str | int) -> Place:
        """Where the key at a trail stands, or its nearest existing parent."""
        return self._nearest(trail).key

    def _nearest(self, trail: Trail) -> Mark:
        while trail and trail not in self.marks:
            trail = trail[:-1]
        return self.marks.get(trail) or Mark(Place(self.name), Place(self.name))


def read_document(path: Path, name: str | None = None) -> Document:
    """Read a YAML file.

    Raises:
        GraphError: the file is missing, too large, or not plain YAML.
    """
    name = name or str(path)
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= MAX_BYTES else ""
    except UnicodeDecodeError as error:
        raise GraphError(_fault("PG001", f"not UTF-8 text: {error.reason}", Place(name))) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise GraphError(_fault("PG002", f"cannot read the graph: {reason}", Place(name))) from None
    if size > MAX_BYTES:
        message = f"the file has {size:,} bytes; a graph has at most {MAX_BYTES:,}"
        raise GraphError(_fault("PG003", message, Place(name)))
    return parse_document(text, name, path.resolve().parent)


def parse_document(text: str, name: str, folder: Path) -> Document:
    """Parse YAML text.

    Raises:
        GraphError: syntax, duplicate keys, tags, or a bound passed; duplicates are all reported.

    >>> document = parse_document("a: {b: 1e-3}", "x.yaml", Path())
    >>> document.data, str(document.place("a", "b"))
    ({'a': {'b': 0.001}}, 'x.yaml:1:8')
    """
    builder = _Builder(text, name)
    try:
        data = builder.read(yaml.parse(text, Loader=yaml.CBaseLoader))
    except yaml.MarkedYAMLError as error:
        raise GraphError(_syntax_fault(error, name, text)) from None
    except yaml.reader.ReaderError as error:
        message = f"a character that YAML does not allow: {error.reason}"
        raise GraphError(_fault("PG001", message, Place(name))) from None
    if builder.faults:
        raise GraphError(builder.faults)
    return Document(name, folder, data, builder.marks)


def parse_value(text: str) -> Any:
    """Parse the value of a `key=value` override, in the same schema.

    Raises:
        GraphError: the text is not plain YAML.
    """
    return parse_document(text, "command line", Path()).data


def scalar(text: str) -> Any:
    """Read a plain scalar by the YAML 1.2 core schema.

    >>> [scalar(t) for t in ("1e-3", "no", "0o17", "~", "12", "1_000")]
    [0.001, 'no', 15, None, 12, '1_000']
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 400 else text
    if _FLOAT.fullmatch(text):
        return float(text)
    if re.fullmatch(r"0o[0-7]+", text):
        return int(text[2:], 8)
    if re.fullmatch(r"0x[0-9a-fA-F]+", text):
        return int(text[2:], 16)
    return text


class _Builder:
    """Builds plain data from parser events, keeping marks."""

    def __init__(self, text: str, name: str) -> None:
        self.lines = text.splitlines()
        self.name = name
        self.marks: dict[Trail, Mark] = {}
        self.faults: list[Diagnostic] = []
        self.nodes = 0
        self.anchors: dict[str, list[yaml.Event]] = {}

    def read(self, events: Iterator[yaml.Event]) -> Any:
        body = self._single_document(events)
        if not body:
            return None
        self._collect_anchors(body)
        return self._value(iter(body), ())

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
            if isinstance(event, yaml.AliasEvent) or not getattr(event, "anchor", None):
                continue
            self.anchors[event.anchor] = body[position : _end_of(body, position)]

    def _value(self, events: Iterator[yaml.Event], trail: Trail, key: Place | None = None) -> Any:
        event = next(events)
        return self._from(event, events, trail, key)

    def _from(
        self, event: yaml.Event, events: Iterator[yaml.Event], trail: Trail, key: Place | None
    ) -> Any:
        place = self._place(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._stop("PG003", f"aliases expand to more than {MAX_NODES:,} values", event)
        self.marks[trail] = Mark(place, key or place)
        if getattr(event, "tag", None):
            self._stop(
                "PG001", f"the tag `{event.tag}` is not allowed: a graph is plain data", event
            )
        match event:
            case yaml.AliasEvent(anchor=anchor):
                return self._alias(event, anchor, trail, key)
            case yaml.MappingStartEvent():
                return self._mapping(events, trail)
            case yaml.SequenceStartEvent():
                return self._sequence(events, trail)
        plain = event.implicit[0] and event.style in (None, "")
        return scalar(event.value) if plain else event.value

    def _alias(self, event: yaml.Event, anchor: str, trail: Trail, key: Place | None) -> Any:
        if anchor not in self.anchors:
            self._stop("PG001", f"unknown alias `*{anchor}`", event)
        if len(trail) > MAX_DEPTH:
            self._stop("PG003", f"the alias `*{anchor}` contains itself", event)
        return self._value(iter(self.anchors[anchor]), trail, key)

    def _mapping(self, events: Iterator[yaml.Event], trail: Trail) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            place = self._place(event)
            if not isinstance(event, yaml.ScalarEvent):
                self._stop("PG001", "a key must be plain text", event)
            name = event.value
            if name in result:
                first = self.marks[(*trail, name)].key
                self.faults.append(
                    _fault(
                        "PG004",
                        f"the key `{name}` is given twice",
                        place,
                        causes=(f"it was first given at {first}",),
                        help="delete one of the two",
                    )
                )
            result[name] = self._value(events, (*trail, name), place)
        return result

    def _sequence(self, events: Iterator[yaml.Event], trail: Trail) -> list[Any]:
        result: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            result.append(self._from(event, events, (*trail, len(result)), None))
        return result

    def _place(self, event: yaml.Event) -> Place:
        start, end = event.start_mark, event.end_mark
        source = self.lines[start.line] if start.line < len(self.lines) else ""
        width = end.column - start.column if end.line == start.line else len(source) - start.column
        return Place(self.name, start.line + 1, start.column + 1, max(width, 1), source)

    def _stop(self, code: str, message: str, event: yaml.Event) -> None:
        raise GraphError(_fault(code, message, self._place(event)))


def _end_of(body: list[yaml.Event], start: int) -> int:
    depth = 0
    for position in range(start, len(body)):
        depth += isinstance(body[position], yaml.CollectionStartEvent)
        depth -= isinstance(body[position], yaml.CollectionEndEvent)
        if depth == 0:
            return position + 1
    return len(body)


def _syntax_fault(error: yaml.MarkedYAMLError, name: str, text: str) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines()
    if mark is None:
        return _fault("PG001", str(error.problem), Place(name))
    source = lines[mark.line] if mark.line < len(lines) else ""
    causes = (str(error.context),) if error.context else ()
    place = Place(name, mark.line + 1, mark.column + 1, 1, source)
    return _fault("PG001", f"not valid YAML: {error.problem}", place, causes=causes)


def _fault(
    code: str, message: str, place: Place, causes: tuple[str, ...] = (), help: str = ""
) -> Diagnostic:
    return Diagnostic(code, message, place, causes=causes, help=help)
