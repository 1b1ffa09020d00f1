"""Views: one set of weights, several graphs. A view keeps only what its outputs need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.solved import Extent, SolvedGraph
from phonograph.graphs.spec import PortName, ViewSpec
from phonograph.types.kinds import Rejected


@dataclass(frozen=True, slots=True)
class View:
    """A part of a graph, ready to compile.

    Args:
        name: the view's name.
        split: which part of the data it reads, or None.
        inputs: ports whose values are given.
        outputs: ports to compute.
        core: nodes that handle tensors, in order.
        tail: nodes that handle text, and all after them, in order.
        sources: input port -> the port that feeds it in this view.
        score: metric -> (hypothesis port, reference port).
    """

    name: str
    split: str | None
    inputs: tuple[PortName, ...]
    outputs: tuple[PortName, ...]
    core: tuple[str, ...]
    tail: tuple[str, ...]
    sources: Mapping[PortName, PortName]
    score: Mapping[str, tuple[PortName, PortName]]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node of the view, in order."""
        return self.core + self.tail


def check_views(graph: SolvedGraph) -> list[Diagnostic]:
    """Return what is wrong with the views of a graph."""
    faults = []
    for spec in graph.spec.views.values():
        faults += _port_faults(graph, spec) or _feed_faults(graph, spec)
    return faults


def plan_view(graph: SolvedGraph, name: str) -> View:
    """Plan a view of a graph whose views were checked.

    Raises:
        KeyError: the graph has no such view.
    """
    spec = graph.spec.views[name]
    scored = [port for pair in spec.score.values() for port in pair]
    return cut(graph, spec, [*spec.run, *scored], _with_lengths(graph, spec.feed))


def cut(
    graph: SolvedGraph, spec: ViewSpec, outputs: Iterable[PortName], feed: Iterable[PortName] = ()
) -> View:
    """Keep the nodes between given ports and wanted ports.

    Args:
        graph: the solved graph.
        spec: gives the view's name (for `only`), split and score.
        outputs: ports to compute.
        feed: ports that are given; outputs of data layers always are.
    """
    route = _Route(graph, spec.name, frozenset(feed))
    wanted = tuple(dict.fromkeys(route.real(port) for port in outputs))
    for port in wanted:
        route.need(port)
    nodes = [name for name in graph.nodes if name in route.nodes]
    rejected = [port for port in _rejections(graph, nodes) if port not in wanted]
    host: set[str] = set()
    for name in nodes:
        feeders = {source.node for target, source in route.sources.items() if target.node == name}
        if graph.nodes[name].declaration.is_host or feeders & host:
            host.add(name)
    return View(
        name=spec.name,
        split=spec.split,
        inputs=tuple(route.inputs),
        outputs=(*wanted, *rejected),
        core=tuple(name for name in nodes if name not in host),
        tail=tuple(name for name in nodes if name in host),
        sources=route.sources,
        score={m: (route.real(a), route.real(b)) for m, (a, b) in spec.score.items()},
    )


def lengths_of(graph: SolvedGraph, extent: Extent) -> PortName | None:
    """Return the output that states the lengths of an axis, the nearest to the data first."""
    stating = (port for port, counted in graph.counted.items() if counted.agrees_with(extent))
    return next(stating, None)


def _rejections(graph: SolvedGraph, nodes: Iterable[str]) -> list[PortName]:
    return [
        PortName(name, port)
        for name in nodes
        for port, solved in graph.nodes[name].outputs.items()
        if isinstance(solved.kind, Rejected)
    ]


def _with_lengths(graph: SolvedGraph, feed: tuple[PortName, ...]) -> tuple[PortName, ...]:
    ports = dict.fromkeys(feed)
    for port in feed:
        for size in graph.output(port).sizes:
            stated = lengths_of(graph, size) if isinstance(size, Extent) else None
            if stated is not None:
                ports[stated] = None
    return tuple(ports)


class _Route:
    """Walks from outputs back to what is given."""

    def __init__(self, graph: SolvedGraph, view: str, feed: frozenset[PortName]) -> None:
        self.graph = graph
        self.view = view
        self.feed = feed
        self.nodes: set[str] = set()
        self.inputs: dict[PortName, None] = {}
        self.sources: dict[PortName, PortName] = {}

    def real(self, port: PortName) -> PortName:
        """Look through nodes that exist only in another view."""
        node = self.graph.nodes[port.node]
        while node.only is not None and node.only != self.view:
            kind = type(node.outputs[port.port].kind)
            through = [name for name, given in node.inputs.items() if type(given.kind) is kind]
            source = self.graph.wiring.source_of(PortName(node.name, through[0]))
            assert source is not None
            port, node = source, self.graph.nodes[source.node]
        return port

    def need(self, port: PortName) -> None:
        """Take in a port and everything it is computed from."""
        waiting = [port]
        while waiting:
            port = waiting.pop()
            node = self.graph.nodes[port.node]
            if port in self.feed or node.declaration.is_source:
                self.inputs[port] = None
            elif port.node not in self.nodes:
                self.nodes.add(port.node)
                waiting += self._feeders(port.node)

    def _feeders(self, name: str) -> list[PortName]:
        feeders = []
        for wire in self.graph.wiring.wires:
            if wire.target.node == name:
                source = self.real(wire.source)
                self.sources[wire.target] = source
                feeders.append(source)
        return feeders


def _port_faults(graph: SolvedGraph, spec: ViewSpec) -> list[Diagnostic]:
    places = [(port, ("run", index)) for index, port in enumerate(spec.run)]
    places += [(port, ("feed", index)) for index, port in enumerate(spec.feed)]
    for metric, pair in spec.score.items():
        places += [(port, ("score", metric, index)) for index, port in enumerate(pair)]
    faults = []
    for port, trail in places:
        reason, help = _why_no_output(graph, port)
        if reason:
            place = graph.spec.document.place("views", spec.name, *trail)
            faults.append(Diagnostic("PG012", reason, place, help=help))
    return faults + _bypass_faults(graph)


def _why_no_output(graph: SolvedGraph, port: PortName) -> tuple[str, str]:
    if port.node not in graph.nodes:
        return f"there is no node `{port.node}`", nearest(port.node, list(graph.nodes))
    outputs = list(graph.nodes[port.node].outputs)
    if port.port not in outputs:
        return f"`{port.node}` has no output `{port.port}`", nearest(port.port, outputs)
    return "", ""


def _bypass_faults(graph: SolvedGraph) -> list[Diagnostic]:
    faults = []
    for node in graph.nodes.values():
        for port, given in node.outputs.items() if node.only else ():
            same = [n for n, taken in node.inputs.items() if type(taken.kind) is type(given.kind)]
            if len(same) != 1:
                place = graph.spec.document.place("modules", node.name, "only")
                message = f"outside `{node.only}` nothing can stand for `{node.name}.{port}`"
                cause = f"`{node.name}` has {len(same)} inputs of kind {given.kind}; it needs one"
                faults.append(Diagnostic("PG041", message, place, causes=(cause,)))
    return faults


def _feed_faults(graph: SolvedGraph, spec: ViewSpec) -> list[Diagnostic]:
    if not spec.feed:
        return []
    view = plan_view(graph, spec.name)
    allowed = set(_with_lengths(graph, spec.feed))
    faults = []
    for port in view.inputs:
        if port not in allowed:
            place = graph.spec.document.place("views", spec.name, "feed")
            message = f"the view `{spec.name}` needs `{port}`, which is not fed"
            help = f"add {port} to `feed`, or run less"
            faults.append(Diagnostic("PG042", message, place, help=help))
    return faults
