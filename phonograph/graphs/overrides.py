"""Apply `key=value` overrides and fill in `${path}` interpolations, keeping marks true."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from phonograph.errors import Diagnostic, GraphError, Place, nearest
from phonograph.graphs.document import Document, Mark, Trail, parse_value

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*(?:\.\w+)*)\}")
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
        fault = Diagnostic("PG006", "a graph is a mapping of keys", document.place())
        raise GraphError(fault)
    marks, folders = dict(document.marks), dict(document.folders)
    faults = _interpolation_faults(document)
    if faults:
        raise GraphError(faults)
    config = OmegaConf.create(document.data)
    for text in overrides:
        faults += _apply(config, text, marks, folders)
    faults += _lost_references(config, marks, document)
    if faults:
        raise GraphError(faults)
    _inherit_folders(config, folders)
    data = OmegaConf.to_container(config, resolve=True)
    return replace(document, data=data, marks=marks, folders=folders)


def _apply(
    config: DictConfig, text: str, marks: dict[Trail, Mark], folders: dict[Trail, Path]
) -> list[Diagnostic]:
    key, equals, value_text = text.partition("=")
    place = Place("command line", 0, 0, 1, "")
    if not equals or not _KEY.fullmatch(key.strip()):
        return [Diagnostic("PG005", f"cannot read the override `{text}`", place, help=_HOW)]
    value = parse_value(value_text)
    if bad := [text for _, text in _strings(value, ()) if "${" in text]:
        message = f"an override cannot hold an interpolation: `{bad[0]}`"
        return [Diagnostic("PG005", message, place)]
    trail: Trail = tuple(key.strip().split("."))
    try:
        OmegaConf.update(config, key.strip(), value, merge=False, force_add=True)
    except (OmegaConfBaseException, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        return [Diagnostic("PG005", f"cannot apply the override `{text}`: {reason}", place)]
    for old in [old for old in marks if old[: len(trail)] == trail]:
        del marks[old]
    here = Place(f"command line: {text}")
    for depth in range(1, len(trail) + 1):
        marks.setdefault(trail[:depth], Mark(here, here))
    folders[trail] = Path.cwd()
    return []


def _strings(value: Any, trail: Trail) -> Iterable[tuple[Trail, str]]:
    match value:
        case str():
            yield trail, value
        case dict():
            for key, inner in value.items():
                yield from _strings(inner, (*trail, key))
        case list():
            for index, inner in enumerate(value):
                yield from _strings(inner, (*trail, index))


def _interpolation_faults(document: Document) -> list[Diagnostic]:
    faults = []
    for trail, text in _strings(document.data, ()):
        if "${" in _REFERENCE.sub("", text):
            message = "only `${path.to.key}` can be interpolated"
            help = "name a key of this file; resolvers and environment variables are not read"
            faults.append(Diagnostic("PG007", message, document.place(*trail), help=help))
    return faults


def _lost_references(
    config: DictConfig, marks: dict[Trail, Mark], document: Document
) -> list[Diagnostic]:
    faults = []
    plain = OmegaConf.to_container(config, resolve=False)
    for trail, text in _strings(plain, ()):
        for name in _REFERENCE.findall(text):
            reason = _why_lost(config, name)
            if reason:
                place = replace(document, marks=marks).place(*trail)
                help = nearest(name, [".".join(map(str, t)) for t in marks if t])
                faults.append(Diagnostic("PG007", f"`${{{name}}}` {reason}", place, help=help))
    return faults


def _why_lost(config: DictConfig, name: str) -> str:
    try:
        found = OmegaConf.select(config, name, throw_on_missing=False)
    except (OmegaConfBaseException, RecursionError):
        return "refers to itself or to something that cannot be read"
    return "leads nowhere" if found is None else ""


def _inherit_folders(config: DictConfig, folders: dict[Trail, Path]) -> None:
    """A path written around an overridden value is relative to where the override was given."""
    plain = OmegaConf.to_container(config, resolve=False)
    for trail, text in _strings(plain, ()):
        for name in _REFERENCE.findall(text):
            if tuple(name.split(".")) in folders:
                folders[trail] = folders[tuple(name.split("."))]
