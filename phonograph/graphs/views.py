"""Views: one set of weights, several graphs. A view keeps only what its outputs need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from phonograph.errors import Diagnostic, Place, nearest
from phonograph.graphs.fixes import port_fix
from phonograph.graphs.near_node import near_node
from phonograph.graphs.solved import Extent, SolvedGraph, SolvedNode
from phonograph.graphs.spec import GraphSpec, PortName, ViewSpec
from phonograph.types.declaration import Declaration
from phonograph.types.kinds import Lengths, Network, Rejected, Text


@dataclass(frozen=True, slots=True)
class View:
    """What a view keeps of a graph, ready to compile.

    Args:
        name: the view's name.
        split: which part of the data it reads, or None.
        inputs: ports whose values are given.
        outputs: ports to compute.
        core: nodes that handle tensors, in order.
        tail: nodes that handle text, and all after them, in order.
        sources: input port -> the port that feeds it in this view.
        score: metric -> (hypothesis port, reference port).
        networks: ports that carry a module itself; its node need not run for them.
    """

    name: str
    split: str | None
    inputs: tuple[PortName, ...]
    outputs: tuple[PortName, ...]
    core: tuple[str, ...]
    tail: tuple[str, ...]
    sources: Mapping[PortName, PortName]
    score: Mapping[str, tuple[PortName, PortName]]
    networks: tuple[PortName, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node of the view, in order."""
        return self.core + self.tail


def view_port_faults(spec: GraphSpec, declarations: Mapping[str, Declaration]) -> list[Diagnostic]:
    """Return the ports that views name and no node has, and those that cannot be scored.

    Args:
        spec: the graph as written.
        declarations: node -> declaration, without the nodes whose module is unknown.
    """
    faults = []
    for view in spec.views.values() if spec.nodes else ():
        for trail, port in _written_ports(view):
            if _is_told(spec, declarations, port):
                continue
            reason, help = _why_no_output(spec, declarations, port)
            place = spec.document.place("views", view.name, *trail)
            fix = port_fix(place, port, spec.nodes, declarations) if reason else None
            if not reason and trail[0] == "score" and port.node in declarations:
                kind = declarations[port.node].ports.outputs[port.port]
                if not isinstance(kind, Text):
                    reason = f"`{trail[1]}` compares texts; `{port}` is {kind}"
            elif not reason and _is_network(declarations, port):
                reason = f"`{port}` is a module, which a decoder uses; a view gives values"
            if reason:
                faults.append(Diagnostic("PG012", reason, place, help=help, fix=fix))
    return faults


def exposed_faults(spec: GraphSpec, declarations: Mapping[str, Declaration]) -> list[Diagnostic]:
    """Return the outputs that composites expose and no node inside has."""
    faults: dict[Place, Diagnostic] = {}
    for text, place in spec.document.exposed.items():
        node, _, port = text.rpartition(".")
        reason, help = _why_no_output(spec, declarations, PortName(node, port))
        if reason:
            faults.setdefault(place, Diagnostic("PG012", reason, place, help=help))
    return list(faults.values())


def _is_told(spec: GraphSpec, declarations: Mapping[str, Declaration], port: PortName) -> bool:
    """Whether what is wrong with a port is told where a composite exposes it."""
    exposed = str(port) in spec.document.exposed
    return exposed and bool(_why_no_output(spec, declarations, port)[0])


def check_views(graph: SolvedGraph) -> list[Diagnostic]:
    """Return what views cannot compute in a graph whose view ports exist."""
    faults: dict[Diagnostic, None] = {}
    for spec in graph.spec.views.values():
        route = _Route(graph, spec.name, frozenset(_with_lengths(graph, spec.feed)))
        for _, port in _written_ports(spec):
            route.need(route.real(port))
        faults.update(dict.fromkeys(_dead_end(graph, port) for port in route.dead_ends))
        faults.update(dict.fromkeys(_feed_faults(graph, spec, route)))
    return list(faults)


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
    feeders: dict[str, set[str]] = {name: set() for name in nodes}
    for target, source in route.sources.items():
        feeders[target.node].add(source.node)
    host: set[str] = set()
    for name in nodes:
        if graph.nodes[name].declaration.is_host or feeders[name] & host:
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
        networks=tuple(route.networks),
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


def without_lengths(graph: SolvedGraph, feed: tuple[PortName, ...]) -> tuple[PortName, ...]:
    """Leave out of what is fed the lengths that come along with a tensor anyway."""
    tensors = tuple(p for p in feed if not isinstance(graph.output(p).kind, Lengths))
    along = set(_with_lengths(graph, tensors))
    return tuple(port for port in feed if port in tensors or port not in along)


class _Route:
    """Walks from outputs back to what is given."""

    def __init__(self, graph: SolvedGraph, view: str, feed: frozenset[PortName]) -> None:
        self.graph = graph
        self.view = view
        self.feed = feed
        self.nodes: set[str] = set()
        self.inputs: dict[PortName, None] = {}
        self.sources: dict[PortName, PortName] = {}
        self.networks: dict[PortName, None] = {}
        self.dead_ends: dict[PortName, None] = {}

    def real(self, port: PortName) -> PortName:
        """Look through nodes that exist only in another view."""
        node = self.graph.nodes[port.node]
        while node.only is not None and node.only != self.view and port not in self.feed:
            source = stand_in(self.graph, port)
            if source is None:
                self.dead_ends[port] = None
                return port
            port, node = source, self.graph.nodes[source.node]
        return port

    def need(self, port: PortName) -> None:
        """Take in a port and everything it is computed from."""
        waiting = [port]
        while waiting:
            port = waiting.pop()
            node = self.graph.nodes[port.node]
            if port in self.dead_ends:
                continue
            if port in self.feed or node.declaration.is_source:
                self.inputs[port] = None
            elif port.node not in self.nodes:
                self.nodes.add(port.node)
                waiting += self._feeders(port.node)

    def _feeders(self, name: str) -> list[PortName]:
        feeders = []
        for *_, wire in self.graph.wiring.graph.in_edges(name, data="wire"):
            source = self.real(wire.source)
            self.sources[wire.target] = source
            if isinstance(self.graph.output(source).kind, Network):
                self.networks[source] = None
            else:
                feeders.append(source)
        return feeders


def stand_in(graph: SolvedGraph, port: PortName) -> PortName | None:
    """Find what takes the place of a port where its node is left out."""
    through = _inputs_like(graph.nodes[port.node], port.port)
    return graph.wiring.source_of(PortName(port.node, through[0])) if len(through) == 1 else None


def _inputs_like(node: SolvedNode, output: str) -> list[str]:
    kind = type(node.outputs[output].kind)
    return [name for name, given in node.inputs.items() if type(given.kind) is kind]


def _written_ports(spec: ViewSpec) -> list[tuple[tuple[str | int, ...], PortName]]:
    places: list[tuple[tuple[str | int, ...], PortName]] = []
    places += [(("run", index), port) for index, port in enumerate(spec.run)]
    places += [(("feed", index), port) for index, port in enumerate(spec.feed)]
    for metric, pair in spec.score.items():
        places += [(("score", metric, index), port) for index, port in enumerate(pair)]
    return places


def _why_no_output(
    spec: GraphSpec, declarations: Mapping[str, Declaration], port: PortName
) -> tuple[str, str]:
    if port.node not in spec.nodes:
        return f"there is no node `{port.node}`", near_node(port.node, spec.nodes)
    if port.node in declarations:
        outputs = list(declarations[port.node].ports.outputs)
        if port.port not in outputs:
            return f"`{port.node}` has no output `{port.port}`", nearest(port.port, outputs)
    return "", ""


def _is_network(declarations: Mapping[str, Declaration], port: PortName) -> bool:
    declared = declarations.get(port.node)
    return declared is not None and isinstance(declared.ports.outputs[port.port], Network)


def _dead_end(graph: SolvedGraph, port: PortName) -> Diagnostic:
    node = graph.nodes[port.node]
    count = len(_inputs_like(node, port.port))
    place = graph.spec.document.place("modules", node.name, "only")
    return Diagnostic(
        "PG041",
        f"outside `{node.only}` nothing can stand for `{port}`",
        place,
        causes=(
            f"to be left out there it needs one input of kind {node.outputs[port.port].kind}, "
            f"and has {count}",
        ),
        help="delete `only`",
    )


def _feed_faults(graph: SolvedGraph, spec: ViewSpec, route: _Route) -> list[Diagnostic]:
    if not spec.feed:
        return []
    fed = _with_lengths(graph, spec.feed)
    lacking = [port for port in route.inputs if port not in fed]
    # Lengths come along with their tensor.
    tensors = [p for p in lacking if not isinstance(graph.output(p).kind, Lengths)] or lacking
    if not tensors:
        return []
    names = " and ".join(f"`{port}`" for port in tensors)
    message = f"the view `{spec.name}` needs {names}, not only what it is fed"
    place = graph.spec.document.place("views", spec.name, "feed")
    help = f"feed: [{', '.join(map(str, [*spec.feed, *tensors]))}], or run less"
    return [Diagnostic("PG042", message, place, help=help)]
