"""Apply `key=value` overrides to a document, keeping marks true."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from phonograph.errors import Diagnostic, GraphError, Place
from phonograph.graphs.compose import Mark, Trail
from phonograph.graphs.document import Document, parse_value
from phonograph.graphs.interpolation import fill_in_references

_OF_FILES = ("extends", "expose")
_KEY = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
_HOW = "write overrides as `path.to.key=value`, for example `train.trainer.max_steps=100`"


def resolve(document: Document, overrides: Sequence[str] = ()) -> Document:
    """Return the document with overrides applied and interpolations replaced by their values.

    Relative paths given by an override are relative to the working directory.

    Raises:
        GraphError: a malformed override, or an interpolation that leads nowhere; all are reported.

    >>> from phonograph.graphs.document import parse_document
    >>> document = parse_document("{vars: {n: 4}, a: '${vars.n}'}", "x.yaml", Path())
    >>> resolve(document, ["vars.n=5"]).data["a"]
    5
    """
    if not isinstance(document.data, dict):
        help = "start with `phonograph: 1`, then `modules:`"
        message = "a graph is a mapping of keys"
        raise GraphError(Diagnostic("PG006", message, document.place(), help=help))
    changed = replace(
        document,
        data=deepcopy(document.data),
        marks=dict(document.marks),
        folders=dict(document.folders),
    )
    faults = [fault for text in overrides for fault in _apply(changed, text)]
    if faults:  # what they would have set may be what is referred to
        raise GraphError(faults)
    filled, faults = fill_in_references(changed)
    if faults:
        raise GraphError(faults)
    return filled


def _apply(document: Document, text: str) -> list[Diagnostic]:
    key, equals, written = (part.strip() for part in text.partition("="))
    here = Place(f"command line: {text}")
    if not equals or not _KEY.fullmatch(key):
        return [Diagnostic("PG005", f"`{text}` is no override", here, help=_HOW)]
    if key.partition(".")[0] in _OF_FILES:
        help = "write it in the file"
        return [Diagnostic("PG005", f"`{key}` cannot be set by an override", here, help=help)]
    try:
        value = parse_value(written)
        trail = _put(document.data, key.split("."), value)
    except GraphError as error:
        reason = error.diagnostics[0].message
        return [Diagnostic("PG005", f"cannot read the value of `{key}`: {reason}", here)]
    except LookupError as error:
        return [Diagnostic("PG005", str(error.args[0]), here)]
    for kept in (document.marks, document.folders):
        for old in [old for old in kept if old[: len(trail)] == trail]:
            del kept[old]
    for depth in range(1, len(trail) + 1):
        document.marks.setdefault(trail[:depth], Mark(here, here))
    document.folders[trail] = Path.cwd()
    return []


def _put(data: dict[str, Any], keys: list[str], value: Any) -> Trail:
    """Set a value, making the mappings on the way, and return the trail that leads to it.

    Raises:
        LookupError: the way leads into a single value, or beyond the end of a list.
    """
    trail: Trail = ()
    inside: Any = data
    for following, key in zip([*keys[1:], None], keys, strict=True):
        step = _step(inside, key, ".".join(map(str, trail)))
        trail = (*trail, step)
        if following is None:
            inside[step] = value
        elif isinstance(inside, dict) and inside.get(key) is None:
            inside[key] = {}
        inside = inside[step]
    return trail


def _step(inside: Any, key: str, where: str) -> str | int:
    match inside:
        case dict():
            return key
        case list() if key.isdecimal() and int(key) < len(inside):
            return int(key)
        case list():
            raise LookupError(f"`{where}` is a list of {len(inside)}; it has no item `{key}`")
    raise LookupError(f"`{where}` is a single value; nothing can be set inside it")
