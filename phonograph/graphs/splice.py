"""Put the nodes of a composite where the node stands that stands for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phonograph.graphs.compose import Mark, Trail
from phonograph.graphs.document import Document
from phonograph.graphs.exposed import Exposed, Target
from phonograph.graphs.merge import trails
from phonograph.graphs.parameters import is_open

_OWN = ("from", "only")


def nodes_of(document: Document) -> dict[str, Any]:
    """Return what is written under `modules`, empty where it is no mapping."""
    modules = document.data.get("modules")
    return modules if isinstance(modules, dict) else {}


def splice(
    flat: Document,
    document: Document,
    name: str,
    inside: Document,
    exposed: Exposed,
    owner: str | None = None,
) -> None:
    """Add the nodes of a composite under `name.`, wired as the node that stands for them is.

    Args:
        flat: gets the nodes.
        document: has the node that stands for them.
        name: of that node.
        inside: its file.
        exposed: what it takes and gives.
        owner: the composite whose weights they share, or None.
    """
    only = document.data["modules"][name].get("only")
    flat.unreadable.update(f"{name}.{inner}" for inner in inside.unreadable)
    for inner, written in nodes_of(inside).items():
        full = f"{name}.{inner}"
        node = _prefixed(written, f"{name}.")
        if isinstance(node, dict):
            if owner is not None:
                node = {"use": f"{owner}.{inner}", **{k: node[k] for k in _OWN if k in node}}
            if only is not None and node.get("only") is None:
                node["only"] = only
        flat.data["modules"][full] = node
        carry(inside, ("modules", inner), flat, ("modules", full), written)
        if only is not None and ("modules", name, "only") in document.marks:
            mark = document.marks["modules", name, "only"]
            flat.marks.setdefault(("modules", full, "only"), mark)
    for text, place in inside.exposed.items():
        flat.exposed[f"{name}.{text}"] = place
    for real, known in inside.known_as.items():
        flat.known_as[f"{name}.{real}"] = f"{name}.{known}"
    for text, place in exposed.places.items():
        flat.exposed.setdefault(f"{name}.{text}", place)
    variables = inside.data.get("vars") or {}
    flat.left_open[name] = tuple(key for key in variables if is_open(variables[key]))
    for port, targets in exposed.inputs.items():
        _wire(flat, document, name, port, targets)


def carry(source: Document, old: Trail, target: Document, new: Trail, value: Any) -> None:
    """Bring marks and folders along with a value that moves."""
    for inner in trails(value):
        if (*old, *inner) in source.marks:
            target.marks[*new, *inner] = source.marks[*old, *inner]
        if (*old, *inner) in source.folders:
            target.folders[*new, *inner] = source.folders[*old, *inner]
    target.folders[new] = source.folder_of(*old)


def _wire(
    flat: Document, document: Document, name: str, port: str, targets: Sequence[Target]
) -> None:
    written = document.data["modules"][name].get("from")
    trail: Trail = ("modules", name, "from")
    if isinstance(written, dict):
        written, trail = written.get(port), (*trail, port)
    for target in targets:
        full = f"{name}.{target.node}"
        node = flat.data["modules"][full]
        flat.known_as[f"{full}.{target.port}"] = f"{name}.{port}"
        if written is None:  # what is missing is to be mended where the composite stands
            if ("modules", name) in document.marks:
                flat.marks["modules", full] = document.marks["modules", name]
            continue
        if not isinstance(node, dict):  # told where it is written
            continue
        node["from"] = {**(node.get("from") or {}), target.port: written}
        new = ("modules", full, "from", target.port)
        carry(document, trail, flat, new, written)
        # an input that the node inside does not have is to be mended where it is exposed
        flat.marks[new] = Mark(document.place(*trail), target.place)


def _prefixed(node: Any, prefix: str) -> Any:
    """Return a node whose wires name the nodes of its own file."""
    if not isinstance(node, dict):
        return node
    node = dict(node)
    if isinstance(node.get("use"), str):
        node["use"] = prefix + node["use"]
    if "from" in node:
        node["from"] = _wires(node["from"], prefix)
    return node


def _wires(value: Any, prefix: str) -> Any:
    match value:
        case str():
            return prefix + value
        case list():
            return [_wires(one, prefix) for one in value]
        case dict():
            return {port: _wires(one, prefix) for port, one in value.items()}
    return value
