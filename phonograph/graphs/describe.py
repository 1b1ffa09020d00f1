"""Describe a solved graph in rows: sizes by letters, rates, numbers of weights, what is cached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from phonograph.graphs.axis_letters import AxisLetters
from phonograph.graphs.cost import NodeCost, add_up
from phonograph.graphs.description import Description, NodeRow, PortRow, WireRow
from phonograph.graphs.left_open import left_open
from phonograph.graphs.look_ahead import look_aheads
from phonograph.graphs.model import Model
from phonograph.graphs.parameters import to_plain
from phonograph.graphs.prefix import prefix_nodes
from phonograph.graphs.size_origins import port_origins, value_origin
from phonograph.graphs.solved import Extent, SolvedGraph, SolvedNode, SolvedPort
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View, plan_view
from phonograph.graphs.weight_names import frozen_nodes
from phonograph.types.equalities import Unknown
from phonograph.types.kinds import Loss
from phonograph.types.vocabulary import Vocabulary

LONGEST_TEXT = 48
LONGEST_LIST = 12


def describe(
    model: Model, view: str | None = None, costs: Mapping[str, NodeCost] | None = None
) -> Description:
    """Describe a built graph; one built on the device `meta` is enough.

    Args:
        model: the built graph.
        view: keep only what this view needs.
        costs: what every node costs, as `estimate_costs` gives it.

    Raises:
        GraphError: the graph has no such view.
    """
    graph = model.graph
    part = model.plan(view) if view is not None else None
    ports, views = _Ports(graph), [plan_view(graph, name) for name in graph.spec.views]
    nodes = tuple(_nodes(model, part, ports, costs or {}))
    letters = _letters(nodes)
    return Description(
        name=graph.name,
        nodes=nodes,
        wires=tuple(_wires(graph, part, ports)),
        views=tuple(views),
        axes=tuple(axis for axis in ports.letters.axes if axis.letter in letters),
        left_open=tuple(left_open(graph)),
        totals={one.name: add_up(one, costs, graph.owner) for one in views} if costs else {},
    )


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


class _Ports:
    """Writes ports as rows, with one letter for each length of the graph."""

    def __init__(self, graph: SolvedGraph) -> None:
        self.graph = graph
        self.letters = AxisLetters()
        self.ahead = look_aheads(graph)
        for node in graph.nodes.values():  # the same letters in every view
            for name in node.outputs:
                self.output(PortName(node.name, name))

    def output(self, port: PortName) -> PortRow:
        solved, counted = self.graph.output(port), self.graph.counted.get(port)
        row = self.row(port, solved, self.letters.of(counted) if counted else "")
        seconds = self.ahead.get(port)
        return row if seconds is None else replace(row, look_ahead_ms=1000 * seconds)

    def row(self, name: PortName, port: SolvedPort, counts: str = "") -> PortRow:
        rate, vocabulary = port.attributes.get("rate"), port.attributes.get("vocab")
        per_second = port.time.steps_per_second if port.time and rate is None else None
        sizes = tuple(self.letters.of(s) if isinstance(s, Extent) else s for s in port.sizes)
        return PortRow(
            name=name.port,
            kind=str(port.kind),
            sizes=sizes,
            sample_rate=int(rate) if isinstance(rate, Fraction) else None,
            period_ms=float(1000 / per_second) if per_second else None,
            look_ahead_ms=None,
            vocabulary=str(vocabulary) if isinstance(vocabulary, Vocabulary) else "",
            counts=counts,
            origins=tuple(port_origins(self.graph, name.node, port)),
        )


def _nodes(
    model: Model, part: View | None, ports: _Ports, costs: Mapping[str, NodeCost]
) -> Iterator[NodeRow]:
    counts, frozen, cached = model.parameter_counts(), frozen_nodes(model), _cached(model)
    fed = {port.node for port in (*part.inputs, *part.networks)} if part else set()
    nodes = model.graph.nodes.values()
    shown = [n for n in nodes if part is None or n.name in {*part.nodes, *fed}]
    counting = _counting(shown)
    for node in shown:
        outputs = [PortName(node.name, port) for port in node.outputs]
        yield NodeRow(
            name=node.name,
            module=node.declaration.id,
            version=node.declaration.registration.version,
            arguments={name: _argument(value) for name, value in node.parameters.items()},
            parameters=counts.get(node.name, 0) if node.name in counting else 0,
            frozen=node.name in frozen,
            cached=node.name in cached,
            host=node.declaration.is_host and not node.declaration.is_source,
            only=node.only,
            use=node.use,
            inputs=tuple(ports.row(PortName(node.name, n), p) for n, p in node.inputs.items()),
            outputs=tuple(ports.output(port) for port in outputs if _is_given(part, port)),
            loss=any(isinstance(port.kind, Loss) for port in node.outputs.values()),
            summary=node.declaration.summary,
            origins=dict(_solved_arguments(model.graph, node)),
            cost=costs.get(node.name),
        )


def _counting(nodes: Sequence[SolvedNode]) -> set[str]:
    """Choose who counts weights: their owner where it is shown, else the first that uses them."""
    users = {node.use: node.name for node in reversed(nodes) if node.use}
    owners = {node.name for node in nodes if node.use is None}
    return owners | {name for owner, name in users.items() if owner not in owners}


def _letters(nodes: Iterable[NodeRow]) -> set[str]:
    shown = (port for node in nodes for port in (*node.inputs, *node.outputs))
    return {text for port in shown for text in (*map(str, port.sizes), port.counts)}


def _solved_arguments(graph: SolvedGraph, node: SolvedNode) -> Iterator[tuple[str, str]]:
    """Arguments that nobody wrote and the wires decided."""
    for name in node.parameters:
        origin = value_origin(graph, Unknown(node.name, name))
        if origin and name not in graph.spec.nodes[node.name].parameters:
            yield name, origin


def _cached(model: Model) -> Sequence[str]:
    return () if model.graph.spec.train.get("cache") is False else prefix_nodes(model)


def _is_given(part: View | None, port: PortName) -> bool:
    """A node that is not run by a view gives only what the view is fed with."""
    if part is None or port.node in part.nodes:
        return True
    return port in part.inputs or port in part.networks


def _wires(graph: SolvedGraph, part: View | None, ports: _Ports) -> Iterator[WireRow]:
    for wire in graph.wiring.wires:
        if part is not None and wire.target not in part.sources:
            continue
        source = part.sources[wire.target] if part else wire.source
        port = ports.output(source)
        label = f"{port.kind} {port.shape}".strip()
        yield WireRow(source, wire.target, wire.automatic, label)


def _argument(value: Any) -> Any:
    # paths are left out of a lock, but a person wants to see them
    return str(value) if isinstance(value, Path | Vocabulary) else shorten(to_plain(value))
