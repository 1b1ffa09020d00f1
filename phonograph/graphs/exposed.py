"""`expose`: what a composite takes and gives, by its own names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from phonograph.errors import Diagnostic, Place, nearest
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.parameters import shown

_KEYS = ("inputs", "outputs")

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Target:
    """An input inside of a composite.

    Args:
        node: that has it.
        port: its name.
        place: where it is exposed.
    """

    node: str
    port: str
    place: Place


Inputs = Mapping[str, tuple[Target, ...]]


@dataclass(frozen=True, slots=True)
class Exposed:
    """The ports of a composite.

    Args:
        inputs: name -> the inputs inside that it feeds.
        outputs: name -> the output inside, `node.port`.
        places: each of these outputs -> where it is exposed.
    """

    inputs: Inputs
    outputs: Mapping[str, str]
    places: Mapping[str, Place] = field(default_factory=dict)


def read_exposed(
    document: Document, composites: Mapping[str, Inputs]
) -> tuple[Exposed, list[Diagnostic]]:
    """Read `expose` of a composite whose own composites are expanded.

    Args:
        document: its file.
        composites: each of its own composites -> the inputs that it exposes.
    """
    reader = _Reader(document, composites)
    inputs = reader.named("inputs", reader.targets)
    outputs = {name: text for name, text in reader.named("outputs", reader.output).items() if text}
    places = {text: document.place("expose", "outputs", name) for name, text in outputs.items()}
    return Exposed(inputs, outputs, places), reader.faults


def input_faults(document: Document, name: str, exposed: Exposed) -> list[Diagnostic]:
    """Return what is wrong with the inputs that a node gives to its composite."""
    written = document.data["modules"][name].get("from")
    given = list(written) if isinstance(written, dict) else []
    trail = ("modules", name, "from")
    faults = []
    for port in given:
        if port not in exposed.inputs:
            help = nearest(port, list(exposed.inputs)) or "it takes no inputs"
            message = f"`{name}` exposes no input `{port}`"
            place = document.key_place(*trail, port)
            fix = nearest_fix(place, port, list(exposed.inputs), taken=given)
            faults.append(Diagnostic("PG012", message, place, help=help, fix=fix))
    if written is not None and not isinstance(written, dict) and len(exposed.inputs) != 1:
        choices = ", ".join(f"{port}: …" for port in exposed.inputs)
        message = f"`{name}` exposes {len(exposed.inputs) or 'no'} inputs"
        help = f"name them: from: {{{choices}}}" if choices else "delete `from`"
        faults.append(Diagnostic("PG013", message, document.place(*trail), help=help))
    return faults


class _Reader:
    def __init__(self, document: Document, composites: Mapping[str, Inputs]) -> None:
        self.document = document
        self.composites = composites
        self.nodes = document.data["modules"]
        self.faults: list[Diagnostic] = []
        self.fed: dict[tuple[str, str], str] = {}
        expose = document.data["expose"]
        self.expose = expose if isinstance(expose, dict) else {}
        if not isinstance(expose, dict):
            self._fault(f"`expose` must be a mapping, got {shown(expose)}", "expose")
        for key in self.expose:
            if key not in _KEYS:
                place = document.key_place("expose", key)
                message = f"unknown key `{key}` under `expose`"
                self.faults.append(Diagnostic("PG008", message, place, help=nearest(key, _KEYS)))

    def named(self, key: str, read: Callable[[Any, Trail], Read]) -> dict[str, Read]:
        """Read every entry of a mapping."""
        entries = self.expose.get(key) or {}
        if not isinstance(entries, dict):
            self._fault(f"`{key}` must be a mapping, got {shown(entries)}", "expose", key)
            return {}
        for name in entries:
            if not name.isidentifier():
                help = "use letters, digits and underscores, and start with a letter"
                place = self.document.key_place("expose", key, name)
                message = f"`{name}` cannot name a port"
                self.faults.append(Diagnostic("PG019", message, place, help=help))
        return {name: read(value, ("expose", key, name)) for name, value in entries.items()}

    def targets(self, value: Any, trail: Trail) -> tuple[Target, ...]:
        """Read the input, or the list of inputs, that one name feeds."""
        if value == []:
            self._fault("this list of inputs is empty", *trail)
        if isinstance(value, list):
            found = [self._inputs(one, (*trail, index)) for index, one in enumerate(value)]
            return tuple(target for targets in found for target in targets)
        return tuple(self._inputs(value, trail))

    def output(self, value: Any, trail: Trail) -> str | None:
        """Read the output that one name gives."""
        return ".".join(port) if (port := self._port(value, trail)) else None

    def _inputs(self, value: Any, trail: Trail) -> list[Target]:
        found = self._port(value, trail)
        if found is None:
            return []
        node, port = found
        place = self.document.place(*trail)
        if node not in self.composites:
            targets = [Target(node, port, place)]
        elif port in self.composites[node]:
            inner = self.composites[node][port]
            targets = [Target(f"{node}.{one.node}", one.port, one.place) for one in inner]
        else:
            help = nearest(port, list(self.composites[node]))
            self._fault(f"`{node}` exposes no input `{port}`", *trail, help=help)
            return []
        return [target for target in targets if self._is_free(target, value, trail)]

    def _is_free(self, target: Target, value: str, trail: Trail) -> bool:
        node = self.nodes.get(target.node)
        wires = (node.get("from") if isinstance(node, dict) else None) or {}
        if not isinstance(wires, dict):
            written = wires if isinstance(wires, str) else "[…]"
            help = f"name its other input: {target.node}: {{…, from: {{input: {written}}}}}"
            self._fault(f"`{target.node}` has another wire without a name", *trail, help=help)
            return False
        if target.port in wires:
            help = f"take it out here, or the wire under `from` of `{target.node}`"
            self._fault(f"`{value}` is wired inside, so it cannot be exposed", *trail, help=help)
            return False
        first = self.fed.setdefault((target.node, target.port), str(trail[2]))
        if first != trail[2]:
            self._fault(f"`{value}` is exposed as `{first}` already", *trail)
            return False
        return True

    def _port(self, value: Any, trail: Trail) -> tuple[str, str] | None:
        node, dot, port = value.rpartition(".") if isinstance(value, str) else ("", "", "")
        if not dot or not node or not port:
            help = "name a node and its port, for example `conv.features`"
            self._fault(f"this must be `node.port`, got {shown(value)}", *trail, help=help)
            return None
        known = [n for n, written in self.nodes.items() if written is not None]
        if node not in {*known, *self.document.unreadable, *self.composites}:
            help = nearest(node, known)
            place = self.document.place(*trail)
            message = f"there is no node `{node}`"
            self.faults.append(Diagnostic("PG012", message, place, help=help))
            return None
        return node, port

    def _fault(self, message: str, *trail: str | int, help: str = "") -> None:
        place = self.document.place(*trail)
        self.faults.append(Diagnostic("PG019", message, place, help=help))
