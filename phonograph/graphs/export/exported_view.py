"""The part of a view that can be exported: tensors in, tensors out, each by a plain name."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import fx

from phonograph.errors import Diagnostic, GraphError, nearest
from phonograph.graphs.axis_letters import AxisLetters
from phonograph.graphs.compiled_view import CompiledView
from phonograph.graphs.export.refusals import export_faults
from phonograph.graphs.model import Model
from phonograph.graphs.solved import Extent, SolvedGraph
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View, cut
from phonograph.types.kinds import Kind


@dataclass(frozen=True, slots=True)
class ExportedPort:
    """A tensor that goes into an exported view, or comes out of it.

    Args:
        name: what it is called there: the port's name, with the node's before it where two ports
            have the same.
        port: the port.
        kind: what it carries.
        axes: a letter for each axis of free size, a number for each of fixed size.
        counts: the letter of the axis whose valid steps it counts, or empty.
    """

    name: str
    port: PortName
    kind: Kind
    axes: tuple[str | int, ...]
    counts: str

    def __str__(self) -> str:
        return f"{self.name} [{', '.join(map(str, self.axes))}]"


@dataclass(frozen=True, slots=True)
class ExportedView:
    """A view's tensor core, ready to be written down.

    Args:
        graph: the graph it is a part of.
        view: the view as planned, with its host tail.
        module: takes the inputs in their order, gives a mapping by the outputs' names.
        inputs: tensors first, then the lengths of their axes.
        outputs: what the view gives and what its host tail needs, then the lengths of their axes.
        extents: letter of an axis -> its length as a function of the data's own axis.
    """

    graph: SolvedGraph
    view: View
    module: fx.GraphModule
    inputs: tuple[ExportedPort, ...]
    outputs: tuple[ExportedPort, ...]
    extents: Mapping[str, Extent]


def exported_view(model: Model, name: str, run: Sequence[str] = ()) -> ExportedView:
    """Take the tensor core out of a view.

    What the host tail needs becomes outputs, each with the lengths of its time axis.

    Args:
        model: the built graph.
        name: the view.
        run: ports to compute instead of the view's, such as `encoder.encoded`.

    Raises:
        GraphError: the graph has no such view or port, or every reason why it cannot be exported.
    """
    compiled = part_of(model, name, run)
    faults = export_faults(model.graph, compiled)
    if faults:
        raise GraphError(faults)
    return cut_out(model, compiled.view, compiled.core_outputs, compiled.view.inputs)


def part_of(model: Model, name: str, run: Sequence[str] = ()) -> CompiledView:
    """Compile a view, or what certain ports of it need.

    Args:
        model: the built graph.
        name: the view.
        run: ports to compute instead of the view's.

    Raises:
        GraphError: the graph has no such view or port.
    """
    graph, compiled = model.graph, model.view(name)
    if not run:
        return compiled
    asked = [_port(graph, port) for port in run]
    return model.compile(cut(graph, graph.spec.views[name], asked, compiled.view.inputs))


def cut_out(
    model: Model, view: View, outputs: Sequence[PortName], feed: Sequence[PortName]
) -> ExportedView:
    """Take out what lies between given ports and wanted ports, all of them of tensors.

    Args:
        model: the built graph.
        view: the view it belongs to.
        outputs: ports to compute; the lengths of their time axes are added.
        feed: ports that are given.
    """
    graph, spec = model.graph, model.graph.spec.views[view.name]
    plain = model.compile(dataclasses.replace(cut(graph, spec, outputs, feed), tail=()))
    wanted = (*outputs, *_missing_lengths(graph, plain))
    core = model.compile(dataclasses.replace(cut(graph, spec, wanted, feed), tail=()))
    letters = AxisLetters()
    ports = _describe(graph, _sorted(graph, core.core_inputs), (), letters)
    given = _describe(graph, _sorted(graph, core.core_outputs), ports, letters)
    return ExportedView(
        graph=graph,
        view=view,
        module=_renamed(core, ports, given),
        inputs=ports,
        outputs=given,
        extents={axis.letter: axis.extent for axis in letters.axes},
    )


def _port(graph: SolvedGraph, text: str) -> PortName:
    node, _, port = text.rpartition(".")
    if node not in graph.nodes or port not in graph.nodes[node].outputs:
        outputs = graph.nodes[node].outputs if node in graph.nodes else {}
        names = [f"{node}.{name}" for name in outputs] or list(graph.nodes)
        message = f"the graph has no output `{text}`"
        raise GraphError(Diagnostic("PG012", message, help=nearest(text, names)))
    return PortName(node, port)


def _missing_lengths(graph: SolvedGraph, compiled: CompiledView) -> list[PortName]:
    """Return ports that count the steps of outputs, where no input or output does yet."""
    known = {*compiled.core_inputs, *compiled.core_outputs}
    missing = []
    for port in compiled.core_outputs:
        for size in graph.output(port).sizes:
            counting = [p for p, e in graph.counted.items() if _same(e, size)]
            within = [p for p in counting if p.node in compiled.view.core]
            if within and not known & set(counting):
                missing.append(within[0])
                known.add(within[0])
    return missing


def _same(extent: Extent, size: object) -> bool:
    return isinstance(size, Extent) and extent.agrees_with(size)


def _sorted(graph: SolvedGraph, ports: Sequence[PortName]) -> list[PortName]:
    return sorted(ports, key=lambda port: port in graph.counted)  # stable: tensors, then lengths


def _describe(
    graph: SolvedGraph,
    ports: Sequence[PortName],
    others: Sequence[ExportedPort],
    letters: AxisLetters,
) -> tuple[ExportedPort, ...]:
    taken = Counter([*(port.port for port in ports), *(other.port.port for other in others)])
    described = []
    for port in ports:
        solved, counted = graph.output(port), graph.counted.get(port)
        name = port.port if taken[port.port] == 1 else f"{port.node}_{port.port}"
        axes = tuple(letters.of(s) if isinstance(s, Extent) else s for s in solved.sizes)
        counts = letters.of(counted) if counted else ""
        described.append(ExportedPort(name, port, solved.kind, axes, counts))
    return tuple(described)


def _renamed(
    core: CompiledView, inputs: Sequence[ExportedPort], outputs: Sequence[ExportedPort]
) -> fx.GraphModule:
    """Write the core down once more, with the names and the order of the exported ports."""
    old = {node.name: node for node in core.core.graph.nodes}
    placeholders = [node for node in old.values() if node.op == "placeholder"]
    traced = fx.Graph()
    values = dict(zip(core.core_inputs, placeholders, strict=True))
    renamed = {values[port.port]: traced.placeholder(port.name) for port in inputs}
    results: Any = traced.graph_copy(core.core.graph, renamed)
    given = dict(zip(core.core_outputs, results, strict=True))
    traced.output({port.name: given[port.port] for port in outputs})
    return fx.GraphModule(core.core, traced, class_name=type(core.core).__name__)
