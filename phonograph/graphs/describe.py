"""A solved graph as rows to be shown: nodes, ports, sizes, wires, views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from phonograph.graphs.axis_letters import Axis, AxisLetters
from phonograph.graphs.model import Model
from phonograph.graphs.parameters import GIVEN_LATER, to_plain
from phonograph.graphs.prefix import prefix_nodes
from phonograph.graphs.solved import Extent, SolvedGraph, SolvedNode, SolvedPort
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View, plan_view
from phonograph.graphs.weight_names import frozen_nodes
from phonograph.types.vocabulary import Vocabulary

LONGEST_TEXT = 48
LONGEST_LIST = 12


@dataclass(frozen=True, slots=True)
class PortRow:
    """One port.

    Args:
        name: the port's name.
        kind: what flows through it.
        sizes: a letter, a number or a formula for each axis.
        sample_rate: samples per second of audio, else None.
        period_ms: milliseconds from one frame to the next, None for audio and without time.
        vocabulary: the tokens it is about, in a few words, or empty.
        counts: the letter of the axis whose steps an output of kind Lengths counts, or empty.
    """

    name: str
    kind: str
    sizes: tuple[str | int, ...]
    sample_rate: int | None
    period_ms: float | None
    vocabulary: str
    counts: str

    @property
    def shape(self) -> str:
        """The sizes on one line, such as `B x 80 x T`."""
        return " x ".join(map(str, self.sizes))

    def to_json(self) -> dict[str, Any]:
        """Plain data, without what does not apply."""
        row = {
            "name": self.name,
            "kind": self.kind,
            "sizes": list(self.sizes),
            "sample_rate": self.sample_rate,
            "frame_period_ms": self.period_ms,
            "vocabulary": self.vocabulary,
            "counts": self.counts,
        }
        return {key: value for key, value in row.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node.

    Args:
        name: the node's name.
        module: the id of its module.
        version: the module's version.
        arguments: every constructor argument as plain data, long ones shortened.
        parameters: number of weights.
        frozen: whether training leaves all of its weights alone.
        cached: whether it belongs to the frozen prefix, which is computed once per utterance.
        host: whether it handles text, outside of the tensor core.
        only: the one view in which it exists, or None.
        inputs: input ports.
        outputs: output ports.
    """

    name: str
    module: str
    version: int
    arguments: Mapping[str, Any]
    parameters: int
    frozen: bool
    cached: bool
    host: bool
    only: str | None
    inputs: tuple[PortRow, ...]
    outputs: tuple[PortRow, ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is special about it, in a few words each."""
        only = (f"{self.only} only",) if self.only else ()
        frozen = ("frozen",) if self.frozen else ()
        return (*only, *frozen, *(("cached",) if self.cached else ()))

    def to_json(self) -> dict[str, Any]:
        """Plain data; `with` is spelt as in YAML."""
        return {
            "name": self.name,
            "module": self.module,
            "version": self.version,
            "with": dict(self.arguments),
            "parameters": self.parameters,
            "frozen": self.frozen,
            "only": self.only,
            "inputs": [port.to_json() for port in self.inputs],
            "outputs": [port.to_json() for port in self.outputs],
        }


@dataclass(frozen=True, slots=True)
class WireRow:
    """One wire.

    Args:
        source: the port that gives.
        target: the port that takes.
        automatic: whether it was added because lengths follow their tensor.
        label: kind and shape of what flows.
    """

    source: PortName
    target: PortName
    automatic: bool
    label: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        ends = {"source": str(self.source), "target": str(self.target)}
        return {**ends, "automatic": self.automatic}


@dataclass(frozen=True, slots=True)
class Description:
    """A graph, or one of its views, as rows.

    Args:
        name: the graph's name.
        nodes: nodes in the order in which data flows.
        wires: wires between those nodes.
        views: every view of the graph.
        axes: the letters used in shapes.
        left_open: settings that are still `???`.
    """

    name: str
    nodes: tuple[NodeRow, ...]
    wires: tuple[WireRow, ...]
    views: tuple[View, ...]
    axes: tuple[Axis, ...]
    left_open: tuple[str, ...]

    @property
    def parameters(self) -> int:
        """Number of weights of all nodes."""
        return sum(node.parameters for node in self.nodes)

    @property
    def prefix(self) -> tuple[str, ...]:
        """Nodes that are computed once per utterance."""
        return tuple(node.name for node in self.nodes if node.cached)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `parameters` is the total number of weights."""
        return {
            "name": self.name,
            "parameters": self.parameters,
            "nodes": [node.to_json() for node in self.nodes],
            "wires": [wire.to_json() for wire in self.wires],
            "views": {view.name: _view(view) for view in self.views},
            "axes": {axis.letter: axis.to_json() for axis in self.axes},
            "prefix": list(self.prefix),
            "left_open": list(self.left_open),
        }


def describe(model: Model, view: str | None = None) -> Description:
    """Describe a built graph; one built on the device `meta` is enough.

    Args:
        model: the built graph.
        view: keep only what this view needs.

    Raises:
        GraphError: the graph has no such view.
    """
    graph = model.graph
    part = model.view(view).view if view is not None else None
    letters = AxisLetters()
    return Description(
        name=graph.name,
        nodes=tuple(_nodes(model, part, letters)),
        wires=tuple(_wires(graph, part, letters)),
        views=tuple(plan_view(graph, name) for name in graph.spec.views),
        axes=letters.axes,
        left_open=tuple(left_open(graph)),
    )


def left_open(graph: SolvedGraph) -> Iterator[str]:
    """Give the path of every setting that is `???`, as an override would spell it."""
    yield from _open_below(graph.spec.document.data, "")


def shorten(value: Any) -> Any:
    """Shorten long texts and lists in plain data.

    >>> shorten({"tokens": list(range(100)), "n": 3})
    {'tokens': [0, 1, 2, 3, 4, 5, 6, 7, '… 100 in all'], 'n': 3}
    """
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return f"{value[: LONGEST_TEXT - 12]}… {len(value)} in all"
        case list() if len(value) > LONGEST_LIST:
            return [*map(shorten, value[: LONGEST_LIST - 4]), f"… {len(value)} in all"]
        case list():
            return [shorten(item) for item in value]
        case dict():
            return {key: shorten(item) for key, item in value.items()}
    return value


def _nodes(model: Model, part: View | None, letters: AxisLetters) -> Iterator[NodeRow]:
    counts, frozen, cached = model.parameter_counts(), frozen_nodes(model), _cached(model)
    fed = {port.node for port in part.inputs} if part else set()
    for node in model.graph.nodes.values():
        if part is not None and node.name not in {*part.nodes, *fed}:
            continue
        given = [port for port in node.outputs if _is_given(part, PortName(node.name, port))]
        yield NodeRow(
            name=node.name,
            module=node.declaration.id,
            version=node.declaration.registration.version,
            arguments={name: _argument(value) for name, value in node.parameters.items()},
            parameters=counts[node.name],
            frozen=node.name in frozen,
            cached=node.name in cached,
            host=node.declaration.is_host and not node.declaration.is_source,
            only=node.only,
            inputs=tuple(_port(n, port, letters) for n, port in node.inputs.items()),
            outputs=tuple(_output(model.graph, node, name, letters) for name in given),
        )


def _cached(model: Model) -> Sequence[str]:
    return () if model.graph.spec.train.get("cache") is False else prefix_nodes(model)


def _is_given(part: View | None, port: PortName) -> bool:
    """A node that is not run by a view gives only what the view is fed with."""
    return part is None or port.node in part.nodes or port in part.inputs


def _wires(graph: SolvedGraph, part: View | None, letters: AxisLetters) -> Iterator[WireRow]:
    for wire in graph.wiring.wires:
        if part is not None and wire.target not in part.sources:
            continue
        source = part.sources[wire.target] if part else wire.source
        port = _output(graph, graph.nodes[source.node], source.port, letters)
        label = f"{port.kind} {port.shape}".strip()
        yield WireRow(source, wire.target, wire.automatic, label)


def _output(graph: SolvedGraph, node: SolvedNode, name: str, letters: AxisLetters) -> PortRow:
    counted = graph.counted.get(PortName(node.name, name))
    return _port(name, node.outputs[name], letters, letters.of(counted) if counted else "")


def _port(name: str, port: SolvedPort, letters: AxisLetters, counts: str = "") -> PortRow:
    rate, vocabulary = port.attributes.get("rate"), port.attributes.get("vocab")
    per_second = port.time.steps_per_second if port.time and rate is None else None
    sizes = tuple(letters.of(s) if isinstance(s, Extent) else s for s in port.sizes)
    return PortRow(
        name=name,
        kind=str(port.kind),
        sizes=sizes,
        sample_rate=int(rate) if isinstance(rate, Fraction) else None,
        period_ms=float(1000 / per_second) if per_second else None,
        vocabulary=str(vocabulary) if isinstance(vocabulary, Vocabulary) else "",
        counts=counts,
    )


def _view(view: View) -> dict[str, Any]:
    return {
        "split": view.split,
        "inputs": [str(port) for port in view.inputs],
        "outputs": [str(port) for port in view.outputs],
        "score": {m: [str(heard), str(said)] for m, (heard, said) in view.score.items()},
        "core": list(view.core),
        "tail": list(view.tail),
    }


def _argument(value: Any) -> Any:
    # paths are left out of a lock, but a person wants to see them
    return str(value) if isinstance(value, Path | Vocabulary) else shorten(to_plain(value))


def _open_below(value: Any, path: str) -> Iterator[str]:
    entries: Iterable[tuple[Any, Any]] = ()
    match value:
        case dict():
            entries = value.items()
        case list():
            entries = enumerate(value)
        case str() if GIVEN_LATER in value:
            yield path
    for key, inner in entries:
        yield from _open_below(inner, f"{path}.{key}" if path else str(key))
