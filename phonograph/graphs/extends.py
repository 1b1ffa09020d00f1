"""`extends`: start from a shipped recipe, or from a file under the same root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from phonograph.errors import Diagnostic, GraphError, Place
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document, read_document
from phonograph.graphs.merge import merge
from phonograph.graphs.parameters import shown
from phonograph.graphs.schema_versions import KEY, migrate_schema, version_fault
from phonograph.graphs.sources import Sources

MAX_FILES = 32

EXTENDS = "extends"
_NOT_INHERITED = (EXTENDS, KEY, "expose")


def read_with_base(path: Path, name: str | None, sources: Sources) -> Document:
    """Read a graph file, laid over whatever it extends.

    A later entry of a list is laid over the earlier ones, the file itself over all. Every value
    keeps the place where it was written, and a relative path the folder of its own file.

    Raises:
        GraphError: a file cannot be read, lies outside of the root, or extends itself; what is
            extended is no mapping, or of another schema version.
    """
    return _Reader(sources).read(path, name, ())


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.files = 0

    def read(self, path: Path, name: str | None, above: Sequence[Path]) -> Document:
        document = migrate_schema(read_document(path, name))
        self.files += 1
        data = document.data
        if not isinstance(data, dict) or EXTENDS not in data:
            return document
        bases = self._bases(document)
        own = replace(document, data={k: v for k, v in data.items() if k != EXTENDS})
        below: Document | None = None
        faults: list[Diagnostic] = []
        for trail, text in bases:
            try:
                base = self._base(text, document, document.place(*trail), [*above, path.resolve()])
            except GraphError as error:
                faults += error.diagnostics
                continue
            below = base if below is None else merge(below, base)
        if faults:
            raise GraphError(dict.fromkeys(faults))
        return own if below is None else merge(below, own)

    def _base(self, text: str, document: Document, place: Place, way: Sequence[Path]) -> Document:
        found, shown_as = self.sources.find(text, document.folder, place)
        if found in way:
            circle = " -> ".join(one.name for one in [*way[way.index(found) :], found])
            message = f"`{EXTENDS}` runs in a circle: {circle}"
            raise GraphError(Diagnostic("PG018", message, place))
        if self.files >= MAX_FILES:
            message = f"more than {MAX_FILES} files are extended"
            raise GraphError(Diagnostic("PG018", message, place))
        base = self.read(found, shown_as, way)
        if fault := whole_fault(base):
            raise GraphError(fault)
        data = {key: value for key, value in base.data.items() if key not in _NOT_INHERITED}
        return replace(base, data=data)

    def _bases(self, document: Document) -> list[tuple[Trail, str]]:
        written = document.data[EXTENDS]
        entries = list(enumerate(written)) if isinstance(written, list) else [(None, written)]
        bases: list[tuple[Trail, str]] = []
        for index, text in entries:
            trail: Trail = (EXTENDS,) if index is None else (EXTENDS, index)
            if not isinstance(text, str):
                message = f"`{EXTENDS}` must name a recipe or a file, got {shown(text)}"
                help = f"write `{EXTENDS}: phonograph://asr/…`, or a path; a list for several"
                place = document.place(*trail)
                raise GraphError(Diagnostic("PG018", message, place, help=help))
            bases.append((trail, text))
        return bases


def whole_fault(document: Document) -> Diagnostic | None:
    """Return what is wrong with a file as a whole: no mapping, or of another schema version."""
    if isinstance(document.data, dict):
        return version_fault(document)
    help = f"start with `{KEY}: 1`, then `modules:`"
    return Diagnostic("PG006", "a graph is a mapping of keys", document.place(), help=help)
