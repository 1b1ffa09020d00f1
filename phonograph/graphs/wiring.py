"""Turn `from` into wires: find the ports that fit, bring lengths along, refuse circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice

import networkx as nx

from phonograph.errors import Diagnostic, Edit, nearest
from phonograph.graphs.circles import circles
from phonograph.graphs.compose import Trail
from phonograph.graphs.fixes import deleted, nearest_fix, port_fix, wire_fix
from phonograph.graphs.joins import reason_not_to_join
from phonograph.graphs.list_ports import list_fault, target_of, trail_of
from phonograph.graphs.near_node import near_node
from phonograph.graphs.spec import GraphSpec, NodeSpec, PortName
from phonograph.graphs.wires import Wire, Wiring
from phonograph.types.declaration import Declaration
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.ports import item_of
from phonograph.types.terms import Name, parse_term

_LONGEST_CIRCLE = 12


def wire_up(
    spec: GraphSpec, declarations: Mapping[str, Declaration]
) -> tuple[Wiring, list[Diagnostic]]:
    """Connect the nodes whose modules are known.

    Args:
        spec: the graph as written.
        declarations: node name -> declaration, without the nodes whose module is unknown.
    """
    return _Wirer(spec, declarations).wire_up()


class _Wirer:
    def __init__(self, spec: GraphSpec, declarations: Mapping[str, Declaration]) -> None:
        self.spec = spec
        self.declarations = declarations
        self.sources: dict[PortName, PortName] = {}
        self.trails: dict[PortName, Trail] = {}
        self.automatic: set[PortName] = set()
        self.faults: list[Diagnostic] = []
        self.stated: dict[tuple[str, Name], list[PortName]] = {}
        self.fitting: dict[Kind, list[PortName]] = {}
        self.tainted = {n.name for n in spec.nodes.values() if n.unclear}
        self.tainted |= set(spec.nodes) - set(declarations)

    def wire_up(self) -> tuple[Wiring, list[Diagnostic]]:
        known = [node for node in self.spec.nodes.values() if node.name in self.declarations]
        for node in known:
            self._connect(node)
        self._cut_circles()
        doubtful = _Doubtful(self._graph(), self.tainted)
        for node in known:
            self._complete(node, doubtful)
            if node.name in self.tainted:
                doubtful.add(node.name)
        graph = self._graph()
        wires = [wire for *_, wire in graph.edges(data="wire")]
        return Wiring(tuple(wires), graph, frozenset(self.tainted)), self.faults

    def _graph(self) -> nx.MultiDiGraph:
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(self.spec.nodes)
        for target, source in self.sources.items():
            wire = Wire(source, target, target in self.automatic)
            graph.add_edge(source.node, target.node, wire=wire)
        return graph

    def _fault(
        self,
        code: str,
        message: str,
        node: str,
        *trail: str | int,
        causes: tuple[str, ...] = (),
        help: str = "",
        key: bool = False,
        fix: Edit | None = None,
    ) -> None:
        document = self.spec.document
        where = (document.key_place if key else document.place)("modules", node, *trail)
        self.faults.append(Diagnostic(code, message, where, causes=causes, help=help, fix=fix))
        self.tainted.add(node)

    def _connect(self, node: NodeSpec) -> None:
        declared = self.declarations[node.name]
        ports = declared.ports
        if fault := list_fault(node, declared, self.spec.document):
            self.faults.append(fault)
            self.tainted.add(node.name)
            return
        for key, source in node.sources.items():
            trail = trail_of(key)
            if not self._source_exists(node.name, source, trail):
                continue
            target = target_of(key, ports) or self._only_fit(node.name, source, trail)
            inputs = ports.inputs
            if target is None:
                continue
            if target not in inputs:
                name = item_of(target)[0]
                message = f"`{node.module}` has no input `{name}`"
                known = list(dict.fromkeys(item_of(port)[0] for port in inputs))
                help = nearest(name, known) or "it takes no inputs"
                trail = trail_of(name)
                place = self.spec.document.key_place("modules", node.name, *trail)
                fix = nearest_fix(place, name, known, taken=set(map(str, node.sources)))
                self._fault("PG012", message, node.name, *trail, help=help, key=True, fix=fix)
                continue
            self._join(source, PortName(node.name, target), trail)

    def _join(self, source: PortName, target: PortName, trail: Trail) -> None:
        given = self.declarations[source.node].ports.outputs[source.port]
        wanted = self.declarations[target.node].ports.inputs[target.port]
        reason = reason_not_to_join(given, wanted)
        if reason is None:
            self.sources[target], self.trails[target] = source, trail
            return
        causes = (
            f"{source} gives {given}[{given.axes}]",
            f"{target} takes {wanted}[{wanted.axes}]",
        )
        givers = self._givers(target.node, wanted)
        help, fix = "what fits here: " + ", ".join(givers) if givers else "", None
        if isinstance(wanted, Lengths):
            help = f"delete `{target.port}`: lengths come along with their tensor"
            fix = deleted(self.spec.document.key_place("modules", target.node, *trail), target.port)
        self._fault(reason[0], reason[1], target.node, *trail, help=help, causes=causes, fix=fix)

    def _givers(self, node: str, wanted: Kind) -> list[str]:
        """List what could feed a port without going round in a circle."""
        later = {node, *nx.descendants(self.written, node)}
        if wanted not in self.fitting:
            self.fitting[wanted] = [
                PortName(name, port)
                for name, declared in self.declarations.items()
                for port, kind in declared.ports.outputs.items()
                if reason_not_to_join(kind, wanted) is None
            ]
        fitting = (f"`{port}`" for port in self.fitting[wanted] if port.node not in later)
        return list(islice(fitting, 4))

    @cached_property
    def written(self) -> nx.DiGraph:
        """The nodes as they are written to follow one another, wires that do not fit among them."""
        flow = nx.DiGraph()
        flow.add_nodes_from(self.spec.nodes)
        nodes = self.spec.nodes.values()
        flow.add_edges_from((port.node, n.name) for n in nodes for port in n.sources.values())
        return flow

    def _source_exists(self, node: str, source: PortName, trail: Trail) -> bool:
        if source.node not in self.spec.nodes:
            self._no_such_node(node, source, trail)
            return False
        if source.node not in self.declarations:
            self.tainted.add(node)
            return False
        declared = self.declarations[source.node]
        if source.port in declared.ports.outputs:
            return True
        if str(source) in self.spec.document.exposed:  # told where it is exposed
            self.tainted.add(node)
            return False
        message = f"`{source.node}` ({declared.id}) has no output `{source.port}`"
        help = nearest(source.port, list(declared.ports.outputs))
        fix = self._port_fix(node, source, trail)
        self._fault("PG012", message, node, *trail, help=help, fix=fix)
        return False

    def _no_such_node(self, node: str, source: PortName, trail: Trail) -> None:
        message, document = f"there is no node `{source.node}`", self.spec.document
        if source.node in document.data["modules"]:
            removed = document.key_place("modules", source.node)
            causes = (f"it is taken out at {removed}",)
            self._fault("PG012", message, node, *trail, causes=causes)
        else:
            help = near_node(source.node, self.spec.nodes)
            fix = self._port_fix(node, source, trail)
            self._fault("PG012", message, node, *trail, help=help, fix=fix)

    def _port_fix(self, node: str, source: PortName, trail: Trail) -> Edit | None:
        place = self.spec.document.place("modules", node, *trail)
        return port_fix(place, source, self.spec.nodes, self.declarations)

    def _only_fit(self, node: str, source: PortName, trail: Trail) -> str | None:
        declared = self.declarations[node]
        given = self.declarations[source.node].ports.outputs[source.port]
        inputs = {n: k for n, k in declared.ports.inputs.items() if not isinstance(k, Lengths)}
        required = [name for name in inputs if name not in declared.optional]
        if len(required) == 1:
            return required[0]
        fitting = [name for name in required if isinstance(given, type(inputs[name]))]
        if len(fitting) == 1:
            return fitting[0]
        if not inputs:
            fix = deleted(self.spec.document.key_place("modules", node, "from"), "from")
            message = f"`{declared.id}` takes no inputs"
            self._fault("PG012", message, node, *trail, help="delete `from`", fix=fix)
            return None
        choices = ", ".join(f"{name}: …" for name in fitting or required)
        message = f"`{declared.id}` has several inputs for `{source}`"
        self._fault("PG013", message, node, *trail, help=f"name them: from: {{{choices}}}")
        return None

    def _cut_circles(self) -> None:
        for wires in circles(self._graph()):
            last = wires[-1].target
            names = [wire.source.node for wire in wires] + [last.node]
            if len(names) > _LONGEST_CIRCLE:
                names[_LONGEST_CIRCLE // 2 : -_LONGEST_CIRCLE // 2] = ["…"]
            message = f"the graph runs in a circle: {' -> '.join(names)}"
            help = "data flows one way: take one of these wires out"
            self._fault("PG040", message, last.node, *self.trails[last], help=help)
            del self.sources[last]

    def _complete(self, node: NodeSpec, doubtful: _Doubtful) -> None:
        declared = self.declarations[node.name]
        for port, kind in declared.ports.inputs.items():
            target = PortName(node.name, port)
            if target in self.sources or node.name in self.tainted:
                continue
            optional = port in declared.optional
            if isinstance(kind, Lengths):
                found = self._lengths_for(target, kind)
                if len(found) == 1:
                    self.sources[target] = found[0]
                    self.automatic.add(target)
                elif not optional and node.name not in doubtful:
                    self._no_single_lengths(target, kind, found)
            elif not optional:
                self._missing(target, kind)

    def _missing(self, target: PortName, kind: Kind) -> None:
        named = f"{target.node}.{item_of(target.port)[0]}"
        node, _, port = self.spec.document.known_as.get(named, named).rpartition(".")
        inside = f"`{node}."
        givers = self._givers(target.node, kind)
        if node != target.node:  # what is inside of a composite cannot feed it
            givers = [giver for giver in givers if not giver.startswith(inside)]
        help = "a source of that kind is " + " or ".join(givers) if givers else ""
        message = f"the input `{port}` of `{node}` ({kind}) is not wired"
        declared = self.declarations[target.node]
        fix = wire_fix(self.spec.document, declared, target, givers, self.sources)
        self._fault("PG014", message, target.node, help=help, key=True, fix=fix)

    def _lengths_for(self, target: PortName, kind: Lengths) -> list[PortName]:
        """Walk up the wires along one axis to the nearest node that states its lengths."""
        term, node = parse_term(kind.of), target.node
        found: list[PortName] = []
        way: list[tuple[str, Name]] = []
        while isinstance(term, Name) and not found:
            if (node, term) in self.stated:
                found = self.stated[node, term]
                break
            way.append((node, term))
            arrival = self._arrival(node, term)
            if arrival is None:
                break
            source, place = arrival
            node = source.node
            outputs = self.declarations[node].ports.outputs
            term = parse_axes(outputs[source.port].axes)[place]
            found = [
                PortName(node, port)
                for port, stated in outputs.items()
                if isinstance(stated, Lengths) and parse_term(stated.of) == term
            ]
        self.stated.update(dict.fromkeys(way, found))
        return found

    def _arrival(self, node: str, axis: Name) -> tuple[PortName, int] | None:
        """Find the output that brings an axis to a node, and which of its axes that is."""
        for port, kind in self.declarations[node].ports.inputs.items():
            axes, source = parse_axes(kind.axes), self.sources.get(PortName(node, port))
            if axis in axes and source is not None and not isinstance(kind, Lengths):
                return source, axes.index(axis)
        return None

    def _no_single_lengths(
        self, target: PortName, kind: Lengths, found: Sequence[PortName]
    ) -> None:
        if found:
            names = " and ".join(f"`{port}`" for port in found)
            message = f"several outputs state the lengths of `{kind.of}` for `{target}`: {names}"
            help = f"choose one: from: {{…, {target.port}: {found[0]}}}"
        else:
            message = f"nothing states the lengths of `{kind.of}` for `{target}`"
            help = f"wire it: from: {{…, {target.port}: node.lengths}}"
        self._fault("PG024", message, target.node, help=help, key=True)


class _Doubtful:
    """The nodes at fault, and all that come after them."""

    def __init__(self, flow: nx.MultiDiGraph, tainted: Iterable[str]) -> None:
        self._flow = flow
        self._nodes: set[str] = set()
        for node in tainted:
            self.add(node)

    def __contains__(self, node: str) -> bool:
        return node in self._nodes

    def add(self, node: str) -> None:
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if node not in self._nodes:
                self._nodes.add(node)
                waiting += self._flow.successors(node)
