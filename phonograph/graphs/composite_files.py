"""The file of a composite: what it may hold, and the variables that a node sets in it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import TypeVar

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document
from phonograph.graphs.extends import whole_fault
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.parameters import shown
from phonograph.graphs.splice import carry

_KEYS = ("phonograph", "name", "vars", "modules", "expose")
_MAPPINGS = ("vars", "modules")
_OF_GRAPHS = ("views", "init", "train")

Value = TypeVar("Value")


def file_faults(inside: Document, name: str) -> list[Diagnostic]:
    """Return why a file cannot stand for a node.

    Args:
        inside: the file.
        name: what to call it.
    """
    if not isinstance(inside.data, dict):
        fault = whole_fault(inside)
        return [fault] if fault else []
    if "expose" not in inside.data:
        message = f"`{name}` exposes nothing, so it cannot stand for a node"
        help = "add `expose: {inputs: {…}, outputs: {…}}`; to start from it, write `extends`"
        return [Diagnostic("PG019", message, inside.place(), help=help)]
    fault = whole_fault(inside)
    faults = [fault] if fault else []
    for key, value in inside.data.items():
        place = inside.key_place(key)
        if key in _OF_GRAPHS:
            message = f"a composite, a file with `expose`, has no `{key}`"
            help = "move it to the graph that uses it"
            faults.append(Diagnostic("PG019", message, place, help=help))
        elif key not in _KEYS:
            help = nearest(key, _KEYS)
            faults.append(Diagnostic("PG008", f"unknown key `{key}`", place, help=help))
        elif key in _MAPPINGS and not isinstance(value, dict | None):
            message = f"`{key}` must be a mapping, got {shown(value)}"
            faults.append(Diagnostic("PG009", message, inside.place(key)))
    if not inside.data.get("modules") and not faults:
        message, help = "the composite has no modules", "write at least one node under `modules:`"
        faults.append(Diagnostic("PG009", message, inside.place("modules"), help=help))
    return faults


def set_variables(
    file: Document, document: Document, name: str
) -> tuple[Document, list[Trail], list[Diagnostic]]:
    """Put what a node gives under `with` in place of the `vars` of its file.

    Args:
        file: of the composite.
        document: has the node.
        name: of the node.

    Returns:
        the file with its variables set, the trails of those that the node gives, and faults.
    """
    top = ("modules", name, "with")
    variables = dict(file.data.get("vars") or {})
    given = document.data["modules"][name].get("with")
    replaced = set(given) if isinstance(given, dict) else set()
    inside = replace(
        file,
        data={**file.data, "vars": variables},
        marks=_without(replaced, file.marks),
        folders=_without(replaced, file.folders),
    )
    if given is None:
        return inside, [], []
    if not isinstance(given, dict):
        message = f"`with` must be a mapping, got {shown(given)}"
        return inside, [], [Diagnostic("PG009", message, document.place(*top))]
    faults = []
    for key, value in given.items():
        if key not in variables:
            message = f"`{name}` ({inside.name}) has no variable `{key}`"
            help = nearest(key, list(variables)) or f"add it to the `vars` of {inside.name}"
            place = document.key_place(*top, key)
            fix = nearest_fix(place, key, list(variables), taken=given)
            faults.append(Diagnostic("PG011", message, place, help=help, fix=fix))
            continue
        variables[key] = value
        carry(document, (*top, key), inside, ("vars", key), value)
    return inside, [("vars", key) for key in given], faults


def _without(variables: Container[str], entries: Mapping[Trail, Value]) -> dict[Trail, Value]:
    """Leave out what belongs to values that are replaced."""
    return {
        trail: value
        for trail, value in entries.items()
        if not (trail[:1] == ("vars",) and trail[1:2] and trail[1] in variables)
    }
