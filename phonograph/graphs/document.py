"""Read YAML as data: plain values, and for each the place it was written.

Tags, and with them any way to name Python, are refused; size, depth and aliases are bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from phonograph.errors import Diagnostic, GraphError, Place
from phonograph.graphs.compose import Composer, Mark, Trail
from phonograph.graphs.syntax_faults import syntax_fault

MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and the marks beside it.

    Args:
        name: the name the user knows the text by.
        folder: what relative paths in the text are relative to.
        data: dictionaries, lists, strings, numbers, booleans and None.
        marks: trail of keys and indices -> mark.
        folders: trails whose relative paths are relative to another folder.
        unreadable: nodes about which nothing is known, because of a fault told elsewhere.
        exposed: each output that a composite exposes, as `node.port` inside -> where it does so.
        known_as: each input that a composite exposes, as `node.port` inside -> its name outside.
        left_open: composite -> its variables that are left open.
        referring: trails of values that are left open because what they refer to is.
    """

    name: str
    folder: Path
    data: Any
    marks: dict[Trail, Mark] = field(repr=False)
    folders: dict[Trail, Path] = field(default_factory=dict, repr=False)
    unreadable: set[str] = field(default_factory=set, repr=False)
    exposed: dict[str, Place] = field(default_factory=dict, repr=False)
    known_as: dict[str, str] = field(default_factory=dict, repr=False)
    left_open: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    referring: frozenset[Trail] = field(default_factory=frozenset, repr=False)

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
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise _refusal("PG002", f"cannot read the graph: {reason}", name) from None
    if len(content) > MAX_BYTES:
        message = f"the file is too large; a graph has at most {MAX_BYTES:,} bytes"
        raise _refusal("PG003", message, name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refusal("PG001", "not UTF-8 text", name, line) from None
    return parse_document(text, name, path.resolve().parent)


def parse_document(text: str, name: str, folder: Path) -> Document:
    """Parse YAML text.

    Raises:
        GraphError: syntax, duplicate keys, tags, or a bound passed; duplicates are all reported.

    >>> document = parse_document("a: {b: 1e-3}", "x.yaml", Path())
    >>> document.data, str(document.place("a", "b"))
    ({'a': {'b': 0.001}}, 'x.yaml:1:8')
    """
    composer = Composer(text, name)
    try:
        data = composer.read(yaml.parse(text, Loader=yaml.CBaseLoader))
    except yaml.MarkedYAMLError as error:
        raise GraphError(syntax_fault(error, composer)) from None
    except (yaml.reader.ReaderError, UnicodeEncodeError) as error:
        raise _refusal(
            "PG001", f"a character that YAML does not allow: {error.reason}", name
        ) from None
    if composer.faults:
        raise GraphError(composer.faults)
    return Document(name, folder, data, composer.marks)


def parse_value(text: str) -> Any:
    """Parse the value of a `key=value` override, in the same schema.

    Raises:
        GraphError: the text is not plain YAML.

    >>> parse_value("[1, no]")
    [1, 'no']
    """
    return parse_document(text, "command line", Path()).data


def _refusal(code: str, message: str, name: str, line: int = 0) -> GraphError:
    return GraphError(Diagnostic(code, message, Place(name, line)))
