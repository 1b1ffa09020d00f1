"""`expose`: what a part of a graph takes and gives, by its own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document
from phonograph.graphs.parameters import shown

_KEYS = ("inputs", "outputs")


@dataclass(frozen=True, slots=True)
class Exposed:
    """The ports of a part.

    Args:
        inputs: name -> the inputs inside that it feeds, each (node, port).
        outputs: name -> the output inside, `node.port`.
    """

    inputs: Mapping[str, tuple[tuple[str, str], ...]]
    outputs: Mapping[str, str]


def read_exposed(document: Document) -> tuple[Exposed, list[Diagnostic]]:
    """Read `expose` of a part whose own composites are expanded."""
    reader = _Reader(document)
    inputs = {
        name: tuple(target for target in targets if target)
        for name, targets in reader.named("inputs", reader.targets).items()
    }
    outputs = {name: text for name, text in reader.named("outputs", reader.output).items() if text}
    return Exposed(inputs, outputs), reader.faults


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.nodes = document.data.get("modules") or {}
        self.faults: list[Diagnostic] = []
        expose = document.data["expose"]
        self.expose = expose if isinstance(expose, dict) else {}
        if not isinstance(expose, dict):
            self._fault(f"`expose` must be a mapping, got {shown(expose)}", "expose")
        for key in self.expose:
            if key not in _KEYS:
                place = document.key_place("expose", key)
                message = f"unknown key `{key}` under `expose`"
                self.faults.append(Diagnostic("PG008", message, place, help=nearest(key, _KEYS)))

    def named(self, key: str, read: Any) -> dict[str, Any]:
        """Read every entry of a mapping."""
        entries = self.expose.get(key) or {}
        if not isinstance(entries, dict):
            self._fault(f"`{key}` must be a mapping, got {shown(entries)}", "expose", key)
            return {}
        return {name: read(value, ("expose", key, name)) for name, value in entries.items()}

    def targets(self, value: Any, trail: Trail) -> list[tuple[str, str] | None]:
        """Read the input, or the list of inputs, that one name feeds."""
        if isinstance(value, list):
            return [self._input(one, (*trail, index)) for index, one in enumerate(value)]
        return [self._input(value, trail)]

    def output(self, value: Any, trail: Trail) -> str | None:
        """Read the output that one name gives."""
        return ".".join(port) if (port := self._port(value, trail)) else None

    def _input(self, value: Any, trail: Trail) -> tuple[str, str] | None:
        found = self._port(value, trail)
        if found is None:
            return None
        node, port = found
        wires = (self.nodes[node] or {}).get("from", {})
        if not isinstance(wires, dict):
            help = f"name its other input: {node}: {{…, from: {{input: {wires}}}}}"
            self._fault(f"`{node}` has another wire without a name", *trail, help=help)
            return None
        if port in wires:
            self._fault(f"`{value}` is wired inside, so it cannot be exposed", *trail)
            return None
        return found

    def _port(self, value: Any, trail: Trail) -> tuple[str, str] | None:
        node, dot, port = value.rpartition(".") if isinstance(value, str) else ("", "", "")
        if not dot or not node or not port:
            help = "name a node and its port, for example `conv.features`"
            self._fault(f"this must be `node.port`, got {shown(value)}", *trail, help=help)
            return None
        if node not in self.nodes:
            help = nearest(node, list(self.nodes))
            self._fault(f"there is no node `{node}` in this part", *trail, help=help)
            return None
        return node, port

    def _fault(self, message: str, *trail: str | int, help: str = "") -> None:
        place = self.document.place(*trail)
        self.faults.append(Diagnostic("PG019", message, place, help=help))
