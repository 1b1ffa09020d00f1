"""The graph as written: nodes, wires, views and settings, read from a document without solving."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.document import Document

SCHEMA_VERSION = 1

_TOP = ("phonograph", "name", "vars", "modules", "views", "init", "train")
_NODE = ("module", "from", "with", "only")
_VIEW = ("run", "feed", "split", "score")
_INIT = ("from", "include", "exclude", "freeze")
_TRAIN = ("optimizer", "schedule", "trainer", "seed", "cache", "monitor")
_SPLITS = ("train", "validation", "test")
_DEFAULT_SPLIT = {"train": "train", "validate": "validation", "test": "test"}


@dataclass(frozen=True, slots=True, order=True)
class PortName:
    """`node.port`."""

    node: str
    port: str

    def __str__(self) -> str:
        return f"{self.node}.{self.port}"


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One entry under `modules`.

    Args:
        name: the node's name.
        module: the registry id.
        sources: where inputs come from; the key None stands for "the one input that fits".
        parameters: what is written under `with`.
        only: the one view in which the node exists, or None for all.
    """

    name: str
    module: str
    sources: Mapping[str | None, PortName]
    parameters: Mapping[str, Any]
    only: str | None = None


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """One entry under `views`.

    Args:
        name: the view's name.
        run: ports to compute.
        feed: ports that are given; empty means that the data layer gives its own.
        split: which part of the data it reads, or None.
        score: metric -> (hypothesis port, reference port).
    """

    name: str
    run: tuple[PortName, ...]
    feed: tuple[PortName, ...] = ()
    split: str | None = None
    score: Mapping[str, tuple[PortName, PortName]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """A whole graph as written.

    Args:
        name: the graph's name.
        nodes: nodes by name, in the order written.
        views: views by name.
        init: the settings under `init`, empty when training starts from random weights.
        train: the settings under `train`.
        document: where everything stands.
    """

    name: str
    nodes: Mapping[str, NodeSpec]
    views: Mapping[str, ViewSpec]
    init: Mapping[str, Any]
    train: Mapping[str, Any]
    document: Document


def read_spec(document: Document) -> tuple[GraphSpec, list[Diagnostic]]:
    """Read a resolved document; what could be read comes back beside every fault found."""
    return _SpecReader(document).read()


class _SpecReader:
    """Reads one document, collecting faults."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Diagnostic] = []

    def read(self) -> tuple[GraphSpec, list[Diagnostic]]:
        data = self.document.data
        self._known_keys(data, _TOP, ())
        self._version(data)
        modules = self._mapping(data, "modules", required=True)
        written = [name for name, value in modules.items() if value is not None]
        nodes = {name: self._node(name) for name in written if self._good_name(name)}
        views = {name: self._view(name) for name in self._mapping(data, "views")}
        init, train = self._mapping(data, "init"), self._mapping(data, "train")
        self._known_keys(init, _INIT, ("init",))
        self._known_keys(train, _TRAIN, ("train",))
        name = data.get("name", "graph")
        if not isinstance(name, str):
            self._fault("PG009", "`name` must be text", "name")
        spec = GraphSpec(
            name=str(name),
            nodes={name: node for name, node in nodes.items() if node},
            views={name: view for name, view in views.items() if view},
            init=init,
            train=train,
            document=self.document,
        )
        return spec, self.faults

    def _fault(self, code: str, message: str, *trail: str | int, help: str = "") -> None:
        place = self.document.place(*trail)
        self.faults.append(Diagnostic(code, message, place, help=help))

    def _known_keys(
        self, data: Mapping[str, Any], known: tuple[str, ...], trail: tuple[str, ...]
    ) -> None:
        where = f" under `{'.'.join(trail)}`" if trail else ""
        for key in data:
            if key not in known:
                place = self.document.key_place(*trail, key)
                message = f"unknown key `{key}`{where}"
                self.faults.append(Diagnostic("PG008", message, place, help=nearest(key, known)))

    def _version(self, data: Mapping[str, Any]) -> None:
        version = data.get("phonograph")
        if version == SCHEMA_VERSION:
            return
        help = f"write `phonograph: {SCHEMA_VERSION}` at the top"
        if version is None:
            self._fault("PG009", "the schema version is missing", help=help)
        else:
            message = f"this program reads schema version {SCHEMA_VERSION}, not {version!r}"
            self._fault("PG009", message, "phonograph", help=help)

    def _mapping(
        self, data: Mapping[str, Any], key: str, required: bool = False
    ) -> Mapping[str, Any]:
        value = data.get(key)
        if value is None:
            if required:
                help = f"write at least one entry under `{key}:`"
                self._fault("PG009", f"`{key}` is missing", help=help)
            return {}
        if not isinstance(value, dict):
            self._fault("PG009", f"`{key}` must be a mapping of names", key)
            return {}
        return value

    def _good_name(self, name: str) -> bool:
        reason = why_not_a_node_name(name)
        if reason:
            place = self.document.key_place("modules", name)
            self.faults.append(Diagnostic("PG016", f"`{name}` cannot name a node: {reason}", place))
        return not reason

    def _node(self, name: str) -> NodeSpec | None:
        trail = ("modules", name)
        data = self.document.data["modules"][name]
        if not isinstance(data, dict) or not isinstance(data.get("module"), str):
            help = "write `module: asr.…`; `phonograph modules` lists them"
            self._fault("PG009", f"`{name}` must say which `module` it is", *trail, help=help)
            return None
        self._known_keys(data, _NODE, trail)
        parameters = data.get("with") or {}
        if not isinstance(parameters, dict):
            self._fault("PG009", "`with` must be a mapping of parameters", *trail, "with")
            parameters = {}
        only = data.get("only")
        if only is not None and only not in (self.document.data.get("views") or {}):
            help = nearest(str(only), list(self.document.data.get("views") or {}))
            self._fault(
                "PG041", f"`only` names the unknown view `{only}`", *trail, "only", help=help
            )
        return NodeSpec(name, data["module"], self._sources(name, data), parameters, only)

    def _sources(self, name: str, data: Mapping[str, Any]) -> dict[str | None, PortName]:
        written = data.get("from")
        trail = ("modules", name, "from")
        if written is None:
            return {}
        entries = written.items() if isinstance(written, dict) else [(None, written)]
        sources: dict[str | None, PortName] = {}
        for port, text in entries:
            source = self._port(text, *trail, *([port] if port else []))
            if source:
                sources[port] = source
        return sources

    def _port(self, text: object, *trail: str | int) -> PortName | None:
        node, dot, port = text.partition(".") if isinstance(text, str) else ("", "", "")
        if not dot or not node or not port or "." in port:
            self._fault("PG009", f"`{text}` must be written `node.port`", *trail)
            return None
        return PortName(node, port)

    def _view(self, name: str) -> ViewSpec | None:
        trail = ("views", name)
        data = self.document.data["views"][name]
        if not isinstance(data, dict):
            self._fault("PG009", f"the view `{name}` must be a mapping", *trail)
            return None
        self._known_keys(data, _VIEW, trail)
        run = self._port_list(data, "run", trail)
        if not data.get("run"):
            help = "name the ports to compute, for example `run: [loss.loss]`"
            self._fault("PG041", f"the view `{name}` runs nothing", *trail, help=help)
        feed = self._port_list(data, "feed", trail)
        split = data.get("split", None if feed else _DEFAULT_SPLIT.get(name))
        if split is not None and split not in _SPLITS:
            help = nearest(str(split), _SPLITS)
            self._fault("PG041", f"unknown split `{split}`", *trail, "split", help=help)
        return ViewSpec(name, run, feed, split, self._score(data, trail))

    def _port_list(
        self, data: Mapping[str, Any], key: str, trail: tuple[str, ...]
    ) -> tuple[PortName, ...]:
        written = data.get(key, [])
        if not isinstance(written, list):
            self._fault("PG009", f"`{key}` must be a list such as [node.port]", *trail, key)
            return ()
        found = [self._port(text, *trail, key, index) for index, text in enumerate(written)]
        return tuple(port for port in found if port)

    def _score(
        self, data: Mapping[str, Any], trail: tuple[str, ...]
    ) -> dict[str, tuple[PortName, PortName]]:
        result = {}
        for metric, pair in (data.get("score") or {}).items():
            where = (*trail, "score", metric)
            if not isinstance(pair, list) or len(pair) != 2:
                self._fault(
                    "PG009", f"`{metric}` must be [hypothesis port, reference port]", *where
                )
                continue
            ports = [self._port(text, *where, index) for index, text in enumerate(pair)]
            if ports[0] and ports[1]:
                result[metric] = (ports[0], ports[1])
        return result


def why_not_a_node_name(name: str) -> str:
    """Say why a name cannot be a node's, or return an empty string.

    >>> why_not_a_node_name("encoder"), why_not_a_node_name("train")
    ('', '`train` already means something to a PyTorch module')
    """
    from torch import nn

    if not name.isidentifier():
        return "use letters, digits and underscores, and start with a letter"
    if keyword.iskeyword(name):
        return f"`{name}` is a Python keyword"
    if hasattr(nn.Module(), name):
        return f"`{name}` already means something to a PyTorch module"
    return ""
