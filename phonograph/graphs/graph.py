"""A graph written in Python: the same as in YAML, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from phonograph.errors import nearest
from phonograph.graphs.document import Document, parse_document, read_document
from phonograph.graphs.spec import SCHEMA_VERSION, PortName
from phonograph.graphs.yaml_writer import to_yaml
from phonograph.types.declaration import declaration_of
from phonograph.whole_file import write_whole

Module = type | str
"""A registered class, or an id, or the file of a composite."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node that was added; its outputs are attributes, `mel.features`.

    Args:
        name: the node's name.
        outputs: the names of its outputs, or None where only the check knows them.
    """

    name: str
    outputs: tuple[str, ...] | None = None

    def __getattr__(self, port: str) -> PortName:
        """Return an output.

        Raises:
            AttributeError: the module has no such output.
        """
        if port.startswith("__"):
            raise AttributeError(port)
        if self.outputs is not None and port not in self.outputs:
            hint = nearest(port, self.outputs)
            raise AttributeError(f"`{self.name}` has no output `{port}`: {hint}")
        return PortName(self.name, port)


@dataclass(slots=True)
class Graph:
    """A graph as plain data, equal to another when both say the same in the same words.

    Attributes:
        data: what the YAML file holds.

    >>> graph = Graph.named("tiny")
    >>> data = graph.add("data", "asr.manifest", sample_rate=16000)
    >>> mel = graph.add("mel", "asr.log_mel", audio=data.audio, n_mels=64)
    >>> graph.view("features", run=[mel.features])
    >>> print(graph.to_yaml(), end="")
    phonograph: 1
    name: tiny
    modules:
      data:
        module: asr.manifest
        with: {sample_rate: 16000}
      mel:
        module: asr.log_mel
        from: {audio: data.audio}
        with: {n_mels: 64}
    views:
      features:
        run: [mel.features]
    """

    data: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def named(cls, name: str, **sections: Any) -> Graph:
        """Start an empty graph.

        Args:
            name: of the graph.
            **sections: further sections, such as `vars`, `extends`, `init` or `train`.
        """
        return cls({"phonograph": SCHEMA_VERSION, "name": name, **_plain(sections)})

    @classmethod
    def load(cls, path: Path) -> Graph:
        """Read a graph file as it is written: nothing is extended or filled in.

        Raises:
            GraphError: the file cannot be read, or is not plain YAML.
        """
        return cls(read_document(path).data)

    @classmethod
    def from_yaml(cls, text: str) -> Graph:
        """Read a graph from text.

        Raises:
            GraphError: the text is not plain YAML.
        """
        return cls(parse_document(text, "graph", Path()).data)

    def add(
        self,
        name: str,
        module: Module,
        /,
        *positional: PortName | Sequence[PortName],
        only: str | None = None,
        **arguments: Any,
    ) -> Node:
        """Add a node.

        Args:
            name: of the node.
            module: a registered class, an id such as `asr.log_mel`, or the file of a composite.
            *positional: at most one output, or list of outputs, for the one input that it fits.
            only: the one view in which the node exists.
            **arguments: outputs of other nodes, or lists of them, by the input that they feed; all
                others are constructor arguments. A part is written `part(Class, ...)`.

        Raises:
            ValueError: the name is taken, or there are several positional outputs.
            TypeError: the class is not registered.
        """
        nodes = self.data.setdefault("modules", {})
        if name in nodes:
            raise ValueError(f"there is a node `{name}` already")
        node: dict[str, Any] = {"module": _id(module)}
        self._wire(node, positional, arguments)
        given = {key: value for key, value in arguments.items() if not _is_wire(value)}
        if given:
            node["with"] = _plain(given)
        if only is not None:
            node["only"] = only
        nodes[name] = node
        declared = declaration_of(module) if isinstance(module, type) else None
        return Node(name, tuple(declared.ports.outputs) if declared else None)

    def share(self, name: str, owner: Node, /, *positional: PortName, **wires: PortName) -> Node:
        """Add a node with the module and the weights of another."""
        node: dict[str, Any] = {"use": owner.name}
        self._wire(node, positional, wires)
        self.data["modules"][name] = node
        return Node(name, owner.outputs)

    def view(
        self,
        name: str,
        *,
        run: Sequence[PortName],
        feed: Sequence[PortName] = (),
        split: str | None = None,
        score: Mapping[str, tuple[PortName, PortName]] | None = None,
    ) -> None:
        """Add a view.

        Args:
            name: of the view.
            run: outputs to compute.
            feed: outputs that are given.
            split: the part of the data that it reads.
            score: metric -> (hypothesis, reference).
        """
        view: dict[str, Any] = {"run": _plain(run)}
        if feed:
            view["feed"] = _plain(feed)
        if split is not None:
            view["split"] = split
        if score:
            view["score"] = _plain(score)
        self.data.setdefault("views", {})[name] = view

    def to_yaml(self) -> str:
        """Write it as YAML, which reads back equal."""
        return to_yaml(self.data)

    def save(self, path: Path) -> None:
        """Write a graph file, whole or not at all."""
        write_whole(path, self.to_yaml())

    def document(self) -> Document:
        """Return what `check_document` checks; faults name lines of the YAML that `save` writes."""
        name = str(self.data.get("name", "graph"))
        return parse_document(self.to_yaml(), f"{name}.yaml", Path.cwd())

    def _wire(
        self, node: dict[str, Any], positional: Sequence[Any], arguments: Mapping[str, Any]
    ) -> None:
        wires = {port: value for port, value in arguments.items() if _is_wire(value)}
        if len(positional) > 1 or (positional and wires):
            raise ValueError(
                "name the inputs when there are several: add(…, features=mel.features)"
            )
        if positional or wires:
            node["from"] = _plain(positional[0] if positional else wires)


def part(module: Module, /, **arguments: Any) -> dict[str, Any]:
    """Write a module that is an argument of another.

    >>> part("asr.row_conv", ahead=2)
    {'module': 'asr.row_conv', 'with': {'ahead': 2}}
    """
    return {"module": _id(module), **({"with": _plain(arguments)} if arguments else {})}


def _id(module: Module) -> str:
    return module if isinstance(module, str) else declaration_of(module).id


def _is_wire(value: Any) -> bool:
    items = value if isinstance(value, list | tuple) and value else [value]
    return all(isinstance(item, PortName) for item in items)


def _plain(value: Any) -> Any:
    match value:
        case PortName() | Path():
            return str(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return deepcopy(value)
