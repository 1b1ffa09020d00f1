"""Composites: a node whose `module` is a graph file stands for the nodes of that file.

The file says what it takes and gives; its `vars` are what `with` may set:

    phonograph: 1
    vars: {width: 256}
    expose:
      inputs:  {features: conv.features}
      outputs: {encoded: context.encoded}
    modules:
      conv:    {module: asr.conv_encoder, with: {…}}
      context: {module: asr.recurrent, from: conv.encoded, with: {hidden: "${vars.width}"}}

As `encoder: {module: ./encoder.yaml, from: mel.features, with: {width: 320}}` it becomes the nodes
`encoder.conv` and `encoder.context`, and `encoder.encoded` means `encoder.context.encoded`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phonograph.errors import Diagnostic, GraphError, nearest
from phonograph.graphs.composite_files import file_faults, set_variables
from phonograph.graphs.document import Document
from phonograph.graphs.exposed import Exposed, input_faults, read_exposed
from phonograph.graphs.extends import read_with_base
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.interpolation import fill_in_references
from phonograph.graphs.node_names import why_not_a_node_name
from phonograph.graphs.parameters import shown
from phonograph.graphs.port_references import port_references, put_reference
from phonograph.graphs.sources import SCHEME, SUFFIXES, Sources
from phonograph.graphs.splice import nodes_of, splice

MAX_NODES = 20_000
MAX_VALUES = 500_000
MAX_DEPTH = 8

_NODE = ("module", "from", "with", "only")
_SHARING = ("use", "from", "only")
_A_FILE = "a graph file"
_OF_ANOTHER = ("module", "with", "version")


def expand(document: Document, sources: Sources) -> tuple[Document, list[Diagnostic]]:
    """Put the nodes of every composite in its place.

    Args:
        document: a graph, with its references filled in.
        sources: where files may come from.

    Returns:
        the document without composites, and what is wrong with them.

    Raises:
        GraphError: the document is itself a composite, or composites grow beyond a bound.
    """
    if isinstance(document.data, dict) and "expose" in document.data:
        message = "this file is a composite, and is checked with a graph that uses it"
        help = f"use it there: encoder: {{module: {Path(document.name).name}, from: …}}"
        raise GraphError(Diagnostic("PG019", message, document.key_place("expose"), help=help))
    if not isinstance(document.data, dict) or not any(
        map(is_composite, nodes_of(document).values())
    ):
        return document, []
    expander = _Expander(sources)
    flat, _ = expander.flatten(replace(document, data=deepcopy(document.data)), ())
    return flat, expander.faults


def is_composite(node: Any) -> bool:
    """Whether a node names a graph file rather than a module."""
    module = node.get("module") if isinstance(node, dict) else None
    return isinstance(module, str) and (module.endswith(SUFFIXES) or module.startswith(SCHEME))


@dataclass(frozen=True, slots=True)
class _Composite:
    """A composite that was read: its nodes, by the names they have inside."""

    document: Document
    exposed: Exposed
    owner: str | None = None


@dataclass(slots=True)
class _Expander:
    sources: Sources
    faults: list[Diagnostic] = field(default_factory=list)
    files: dict[Path, Document] = field(default_factory=dict)
    nodes: int = 0
    values: int = 0

    def flatten(
        self, document: Document, way: Sequence[Path]
    ) -> tuple[Document, dict[str, _Composite]]:
        """Return the document with the nodes of its composites side by side with its own."""
        nodes = nodes_of(document)
        composites: dict[str, _Composite] = {}
        lost: set[str] = set()
        for name, node in nodes.items():
            if is_composite(node):
                if composite := self._composite(document, name, way):
                    composites[name] = composite
                else:
                    lost.add(name)
        for name in nodes:
            if name not in composites and (owner := _shared(name, nodes)):
                if owner in composites and self._may_share(document, name, composites[owner]):
                    composites[name] = replace(composites[owner], owner=owner)
                else:
                    lost.add(name)
        lost |= self._hidden(document, composites)
        lost |= self._resolve(document, composites, inside=bool(way))
        return self._side_by_side(document, composites, lost), composites

    def _side_by_side(
        self, document: Document, composites: Mapping[str, _Composite], lost: set[str]
    ) -> Document:
        modules: dict[str, Any] = {}
        flat = replace(
            document,
            data={**document.data, "modules": modules},
            marks=dict(document.marks),
            folders=dict(document.folders),
            unreadable=document.unreadable | lost,
            exposed=dict(document.exposed),
            known_as=dict(document.known_as),
            left_open=dict(document.left_open),
        )
        for name, node in nodes_of(document).items():
            if name in composites:
                composite = composites[name]
                splice(flat, document, name, composite.document, composite.exposed, composite.owner)
                self._bound(document, name, composite.document)
            else:
                modules[name] = node
        modules.update(dict.fromkeys(sorted(lost)))
        return flat

    def _bound(self, document: Document, name: str, inside: Document) -> None:
        self.nodes += 1 + len(nodes_of(inside))
        self.values += len(inside.marks)
        place = document.place("modules", name)
        if self.nodes > MAX_NODES:
            message = f"composites expand to more than {MAX_NODES:,} nodes"
            raise GraphError(Diagnostic("PG003", message, place))
        if self.values > MAX_VALUES:
            message = f"composites expand to more than {MAX_VALUES:,} values"
            raise GraphError(Diagnostic("PG003", message, place))

    def _composite(self, document: Document, name: str, way: Sequence[Path]) -> _Composite | None:
        trail = ("modules", name)
        wrong_keys = _wrong_keys(document, name, _NODE, f"which is {_A_FILE}")
        self.faults += wrong_keys
        if reason := why_not_a_node_name(name):
            message = f"`{name}` cannot name a node: {reason}"
            self.faults.append(Diagnostic("PG016", message, document.key_place(*trail)))
            return None
        try:
            inside, composites = self._read(document, name, way)
        except GraphError as error:
            self.faults += error.diagnostics
            return None
        inputs = {other: composite.exposed.inputs for other, composite in composites.items()}
        exposed, faults = read_exposed(inside, inputs)
        if not faults:
            faults = input_faults(document, name, exposed)
        self.faults += faults
        return None if faults or wrong_keys else _Composite(inside, exposed)

    def _read(
        self, document: Document, name: str, way: Sequence[Path]
    ) -> tuple[Document, dict[str, _Composite]]:
        trail = ("modules", name)
        place = document.place(*trail, "module")
        written = document.data["modules"][name]["module"]
        path, title = self.sources.find(written, document.folder_of(*trail, "module"), place)
        if path in way or len(way) >= MAX_DEPTH:
            chain = " -> ".join(one.name for one in [*way, path])
            what = "contain each other" if path in way else f"nest more than {MAX_DEPTH} deep"
            raise GraphError(Diagnostic("PG018", f"composites {what}: {chain}", place))
        if path not in self.files:
            self.files[path] = read_with_base(path, title, self.sources)
        faults = file_faults(self.files[path], path.name)
        if faults:
            raise GraphError(faults)
        inside, given, faults = set_variables(self.files[path], document, name)
        if faults:
            raise GraphError(faults)
        inside, faults = fill_in_references(inside, given)
        if faults:
            raise GraphError(faults)
        return self.flatten(inside, [*way, path])

    def _may_share(self, document: Document, name: str, composite: _Composite) -> bool:
        for key in document.data["modules"][name]:
            if key in _OF_ANOTHER:
                message = f"a node with `use` has the `{key}` of the node that it uses"
                place, help = document.key_place("modules", name, key), f"delete `{key}`, or `use`"
                self.faults.append(Diagnostic("PG045", message, place, help=help))
        faults = _wrong_keys(document, name, _SHARING + _OF_ANOTHER, f"which uses {_A_FILE}")
        faults += input_faults(document, name, composite.exposed)
        self.faults += faults
        return not faults

    def _hidden(self, document: Document, composites: Mapping[str, _Composite]) -> set[str]:
        """Find nodes that would stand among those of a composite."""
        found = set()
        for name in nodes_of(document) if composites else ():
            ends = [place for place, letter in enumerate(name) if letter == "."]
            if group := next((name[:end] for end in ends if name[:end] in composites), None):
                message = f"`{name}` cannot name a node: `{group}` is a node itself"
                place = document.key_place("modules", name)
                self.faults.append(Diagnostic("PG016", message, place))
                found.add(name)
        return found

    def _resolve(
        self, document: Document, composites: Mapping[str, _Composite], *, inside: bool
    ) -> set[str]:
        """Give every port of a composite that is named somewhere its real name.

        Args:
            document: is changed.
            composites: the composites in it.
            inside: whether the document is a composite, in which nothing else may be named.

        Returns:
            names of nodes that are not there, which was told.
        """
        lost: set[str] = set()
        for trail, text in port_references(document.data):
            node, _, port = text.rpartition(".")
            if node in composites and port in composites[node].exposed.outputs:
                put_reference(
                    document.data, trail, f"{node}.{composites[node].exposed.outputs[port]}"
                )
                continue
            if inside and trail[0] == "modules" and not (node and port):
                message = f"this must be `node.port`, got {shown(text)}"
                help = "name a node and its output, for example `mel.features`"
                self.faults.append(Diagnostic("PG009", message, document.place(*trail), help=help))
                lost.add(str(trail[1]))
                continue
            message, help = _why_nothing(node, port, nodes_of(document), composites, inside=inside)
            if message:
                place = document.place(*trail)
                self.faults.append(Diagnostic("PG012", message, place, help=help))
                lost.add(node)
        return lost


def _why_nothing(
    node: str,
    port: str,
    nodes: Mapping[str, Any],
    composites: Mapping[str, _Composite],
    *,
    inside: bool,
) -> tuple[str, str]:
    """Say why a name leads nowhere, and what may be meant."""
    if node in composites:
        outputs = list(composites[node].exposed.outputs)
        return f"`{node}` ({composites[node].document.name}) exposes no output `{port}`", nearest(
            port, outputs
        )
    group = next((name for name in composites if node.startswith(f"{name}.")), None)
    if group is not None:
        inner = nodes_of(composites[group].document)
        name = node.removeprefix(f"{group}.")
        if name in inner:
            return "", ""
        message = f"`{group}` ({composites[group].document.name}) has no node `{name}`"
        return message, nearest(name, list(inner))
    if inside and node and node not in nodes:
        return f"there is no node `{node}`", nearest(node, list(nodes))
    return "", ""


def _shared(name: str, nodes: Mapping[str, Any]) -> str | None:
    """Return the composite that a node uses, by way of others or not."""
    seen: list[str] = []
    while name not in seen:
        node = nodes.get(name)
        if is_composite(node):
            return name if seen else None
        seen.append(name)
        use = node.get("use") if isinstance(node, dict) else None
        if not isinstance(use, str):
            return None
        name = use
    return None


def _wrong_keys(document: Document, name: str, known: Sequence[str], what: str) -> list[Diagnostic]:
    written, faults = document.data["modules"][name], []
    for key in written:
        if key not in known:
            message = f"unknown key `{key}` under `modules.{name}`, {what}"
            place = document.key_place("modules", name, key)
            fix = nearest_fix(place, key, known, taken=written)
            fault = Diagnostic("PG008", message, place, help=nearest(key, known), fix=fix)
            faults.append(fault)
    return faults
