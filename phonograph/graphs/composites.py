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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phonograph.errors import Diagnostic, GraphError, nearest
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document
from phonograph.graphs.exposed import Exposed, read_exposed
from phonograph.graphs.extends import read_with_base
from phonograph.graphs.interpolation import fill_in_references
from phonograph.graphs.merge import trails
from phonograph.graphs.port_references import port_references
from phonograph.graphs.sources import SCHEME, SUFFIXES, Sources

MAX_NODES = 20_000
MAX_DEPTH = 8

_NODE = ("module", "from", "with", "only")
_OWN = ("from", "only")
_SHARING = ("use", "from", "only")
_FILE = ("phonograph", "name", "vars", "modules", "expose")


def expand(document: Document, sources: Sources) -> tuple[Document, list[Diagnostic]]:
    """Put the nodes of every composite in its place.

    Args:
        document: a graph, with its references filled in.
        sources: where files may come from.

    Returns:
        the document without composites, and what is wrong with them.
    """
    if not isinstance(document.data, dict) or not any(map(is_composite, _nodes(document).values())):
        return document, []
    expander = _Expander(sources)
    flat = expander.flatten(document, ())
    return flat, expander.faults


def is_composite(node: Any) -> bool:
    """Whether a node names a graph file rather than a module."""
    module = node.get("module") if isinstance(node, dict) else None
    return isinstance(module, str) and (module.endswith(SUFFIXES) or module.startswith(SCHEME))


@dataclass(slots=True)
class _Part:
    """A composite that was read: its nodes, by the names they have inside."""

    document: Document
    exposed: Exposed


@dataclass(slots=True)
class _Expander:
    sources: Sources
    faults: list[Diagnostic] = field(default_factory=list)
    count: int = 0

    def flatten(self, document: Document, way: Sequence[Path]) -> Document:
        """Return the document with the nodes of its composites side by side with its own."""
        modules: dict[str, Any] = {}
        flat = replace(
            document,
            data={**document.data, "modules": modules},
            marks=dict(document.marks),
            folders=dict(document.folders),
            unreadable=set(document.unreadable),
        )
        parts: dict[str, _Part] = {}
        for name, node in _nodes(document).items():
            if not is_composite(node):
                modules[name] = node
            elif part := self._part(document, name, way):
                parts[name] = part
                _splice(flat, document, name, part)
            else:
                modules[name] = None
                flat.unreadable.add(name)
        for name, node in _nodes(document).items():
            shared = node.get("use") if isinstance(node, dict) else None
            if isinstance(shared, str) and shared in parts:
                parts[name] = parts[shared]
                self.faults += _settings_of_a_user(document, name)
                del modules[name]
                _splice(flat, document, name, parts[name], owner=shared)
        self._bound(document, len(modules))
        self._resolve(flat, parts)
        return flat

    def _bound(self, document: Document, more: int) -> None:
        self.count += more
        if self.count > MAX_NODES:
            message = f"composites expand to more than {MAX_NODES:,} nodes"
            raise GraphError(Diagnostic("PG003", message, document.place("modules")))

    def _part(self, document: Document, name: str, way: Sequence[Path]) -> _Part | None:
        trail = ("modules", name)
        node = document.data["modules"][name]
        before = len(self.faults)
        for key in node:
            if key not in _NODE:
                place = document.key_place(*trail, key)
                message = f"unknown key `{key}` under `modules.{name}`, which is a graph file"
                self.faults.append(Diagnostic("PG008", message, place, help=nearest(key, _NODE)))
        try:
            inside = self._read(document, name, way)
        except GraphError as error:
            self.faults += error.diagnostics
            return None
        exposed, found = read_exposed(inside)
        self.faults += found
        self.faults += _wrong_inputs(document, name, exposed)
        return _Part(inside, exposed) if len(self.faults) == before else None

    def _read(self, document: Document, name: str, way: Sequence[Path]) -> Document:
        trail = ("modules", name)
        place = document.place(*trail, "module")
        written = document.data["modules"][name]["module"]
        path, title = self.sources.find(written, document.folder_of(*trail, "module"), place)
        if path in way or len(way) >= MAX_DEPTH:
            message = "composites contain each other: " if path in way else "composites nest: "
            chain = " -> ".join(one.name for one in [*way, path])
            raise GraphError(Diagnostic("PG018", f"{message}{chain}", place))
        inside = read_with_base(path, title, self.sources)
        faults = _file_faults(inside, path.name)
        faults += _set_vars(inside, document, name)
        if faults:
            raise GraphError(faults)
        inside, faults = fill_in_references(inside)
        if faults:
            raise GraphError(faults)
        return self.flatten(inside, [*way, path])

    def _resolve(self, flat: Document, parts: Mapping[str, _Part]) -> None:
        """Give every port of a composite that is named somewhere its real name."""
        _reach_inside(flat.data.get("expose"), parts)
        for trail, text in port_references(flat.data):
            name, _, port = text.partition(".")
            if name not in parts or f"{name}.{port}".rpartition(".")[0] in flat.data["modules"]:
                continue
            outputs = parts[name].exposed.outputs
            if port in outputs:
                _put(flat.data, trail, f"{name}.{outputs[port]}")
                continue
            message = f"`{name}` ({parts[name].document.name}) exposes no output `{port}`"
            help = nearest(port, list(outputs))
            self.faults.append(Diagnostic("PG012", message, flat.place(*trail), help=help))
            flat.unreadable.add(name)
            flat.data["modules"][name] = None


def _reach_inside(expose: Any, parts: Mapping[str, _Part]) -> None:
    """Expose what an exposed input of a part within this part feeds."""
    inputs = expose.get("inputs") if isinstance(expose, dict) else None
    if not isinstance(inputs, dict):
        return
    for name, targets in inputs.items():
        reached: list[Any] = []
        for text in targets if isinstance(targets, list) else [targets]:
            node, _, port = text.partition(".") if isinstance(text, str) else ("", "", "")
            inner = parts[node].exposed.inputs.get(port) if node in parts else None
            reached += [text] if inner is None else [f"{node}.{n}.{p}" for n, p in inner]
        inputs[name] = reached


def _nodes(document: Document) -> dict[str, Any]:
    modules = document.data.get("modules")
    return modules if isinstance(modules, dict) else {}


def _file_faults(inside: Document, name: str) -> list[Diagnostic]:
    if not isinstance(inside.data, dict) or "expose" not in inside.data:
        message = f"`{name}` exposes nothing, so it cannot stand for a node"
        help = "add `expose: {inputs: {…}, outputs: {…}}`; to start from it, write `extends`"
        return [Diagnostic("PG019", message, inside.place(), help=help)]
    return [
        Diagnostic(
            "PG019",
            f"a file with `expose` is a part of a graph and has no `{key}`",
            inside.key_place(key),
            help="move it to the graph that uses the part",
        )
        for key in inside.data
        if key not in _FILE
    ]


def _set_vars(inside: Document, document: Document, name: str) -> list[Diagnostic]:
    """Put what a node gives under `with` in place of the part's `vars`."""
    top = ("modules", name, "with")
    given = document.data["modules"][name].get("with")
    variables = inside.data.setdefault("vars", {})
    if given is None or not isinstance(variables, dict):
        return []
    if not isinstance(given, dict):
        return [Diagnostic("PG009", "`with` must be a mapping", document.place(*top))]
    faults = []
    for key, value in given.items():
        if key not in variables:
            message = f"`{name}` ({inside.name}) has no variable `{key}`"
            help = nearest(key, list(variables)) or "its `vars` are what `with` may set"
            faults.append(Diagnostic("PG011", message, document.key_place(*top, key), help=help))
            continue
        variables[key] = value
        for trail in [old for old in inside.marks if old[:2] == ("vars", key)]:
            del inside.marks[trail]
        _carry(document, (*top, key), inside, ("vars", key), value)
        inside.folders["vars", key] = document.folder_of(*top, key)
    return faults


def _settings_of_a_user(document: Document, name: str) -> list[Diagnostic]:
    help = "delete it, or `use`"
    message = "a node with `use` has the settings of the node that it uses"
    return [
        Diagnostic("PG045", message, document.key_place("modules", name, key), help=help)
        for key in document.data["modules"][name]
        if key not in _SHARING
    ]


def _wrong_inputs(document: Document, name: str, exposed: Exposed) -> list[Diagnostic]:
    written = document.data["modules"][name].get("from")
    given = list(written) if isinstance(written, dict) else []
    trail = ("modules", name, "from")
    faults = []
    for port in given:
        if port not in exposed.inputs:
            help = nearest(port, list(exposed.inputs)) or "it takes no inputs"
            message = f"`{name}` exposes no input `{port}`"
            faults.append(Diagnostic("PG012", message, document.key_place(*trail, port), help=help))
    if written is not None and not isinstance(written, dict) and len(exposed.inputs) != 1:
        choices = ", ".join(f"{port}: …" for port in exposed.inputs)
        message = f"`{name}` exposes {len(exposed.inputs)} inputs"
        help = f"name them: from: {{{choices}}}" if choices else "delete `from`"
        faults.append(Diagnostic("PG013", message, document.place(*trail), help=help))
    return faults


def _splice(
    flat: Document, document: Document, name: str, part: _Part, owner: str | None = None
) -> None:
    """Add the nodes of a part under `name.`, wired as the node that stands for them is.

    Args:
        flat: gets the nodes.
        document: has the node that stands for them.
        name: of that node.
        part: what it stands for.
        owner: the composite whose weights they share, or None.
    """
    inside = part.document
    only = document.data["modules"][name].get("only")
    flat.unreadable.update(f"{name}.{inner}" for inner in inside.unreadable)
    for inner, written in inside.data["modules"].items():
        full = f"{name}.{inner}"
        node = _prefixed(written, f"{name}.")
        if isinstance(node, dict):
            if owner is not None:
                node = {"use": f"{owner}.{inner}", **{k: node[k] for k in _OWN if k in node}}
            if only is not None:
                node.setdefault("only", only)
        flat.data["modules"][full] = node
        _carry(inside, ("modules", inner), flat, ("modules", full), written)
    for port, targets in part.exposed.inputs.items():
        _wire(flat, document, name, port, targets)


def _wire(
    flat: Document, document: Document, name: str, port: str, targets: Sequence[tuple[str, str]]
) -> None:
    written = document.data["modules"][name].get("from")
    trail: Trail = ("modules", name, "from")
    if isinstance(written, dict):
        written, trail = written.get(port), (*trail, port)
    for inner, inner_port in targets:
        full = f"{name}.{inner}"
        node = flat.data["modules"][full]
        if written is None:  # what is missing is to be mended where the composite stands
            if ("modules", name) in document.marks:
                flat.marks["modules", full] = document.marks["modules", name]
            continue
        node["from"] = {**node.get("from", {}), inner_port: written}
        _carry(document, trail, flat, ("modules", full, "from", inner_port), written)


def _carry(source: Document, old: Trail, target: Document, new: Trail, value: Any) -> None:
    """Bring marks and folders along with a value that moves."""
    for inner in trails(value):
        if (*old, *inner) in source.marks:
            target.marks[*new, *inner] = source.marks[*old, *inner]
        if (*old, *inner) in source.folders:
            target.folders[*new, *inner] = source.folders[*old, *inner]
    target.folders[new] = source.folder_of(*old)


def _prefixed(node: Any, prefix: str) -> Any:
    """Return a node whose wires name the nodes of its own part."""
    if not isinstance(node, dict):
        return node
    node = dict(node)
    if isinstance(node.get("use"), str) and not node["use"].startswith(prefix):
        node["use"] = prefix + node["use"]
    match node.get("from"):
        case str() as text:
            node["from"] = prefix + text
        case list() as items:
            node["from"] = [prefix + one if isinstance(one, str) else one for one in items]
        case dict() as ports:
            node["from"] = {
                port: [prefix + o if isinstance(o, str) else o for o in one]
                if isinstance(one, list)
                else (prefix + one if isinstance(one, str) else one)
                for port, one in ports.items()
            }
    return node


def _put(data: Any, trail: Trail, value: Any) -> None:
    *way, last = trail
    for key in way:
        data = data[key]
    data[last] = value
