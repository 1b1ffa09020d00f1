"""Where a value comes from, in a word or two."""

from __future__ import annotations

from phonograph.graphs.document import Document

_COMMAND_LINE = "command line"


def origin_of(document: Document, *trail: str) -> str:
    """Say where a value was written: its line, its file, `command line`; or `default`.

    In a lock every value is written, but nowhere a person could look; then it is empty.

    >>> from pathlib import Path
    >>> from phonograph.graphs.document import parse_document
    >>> document = parse_document("{a: {b: 1}}", "x.yaml", Path())
    >>> origin_of(document, "a", "b"), origin_of(document, "a", "c")
    ('line 1', 'default')
    """
    inside = document.data
    for key in trail:
        if not isinstance(inside, dict) or key not in inside:
            return "default"
        inside = inside[key]
    place = document.place(*trail)
    if place.file.startswith(_COMMAND_LINE):
        return _COMMAND_LINE
    if place.file != document.name:
        return f"{place.file}:{place.line}"
    return f"line {place.line}" if place.line else ""
