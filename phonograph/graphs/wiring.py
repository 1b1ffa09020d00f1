"""Turn `from` into wires: find ports, choose the one that fits, bring lengths along, refuse cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.joins import reason_not_to_join
from phonograph.graphs.spec import GraphSpec, NodeSpec, PortName
from phonograph.types.declaration import Declaration
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.terms import Name, parse_term


@dataclass(frozen=True, slots=True)
class Wire:
    """A value flowing from an output port to an input port.

    Args:
        source: output port.
        target: input port.
        automatic: whether it was added because lengths follow their tensor.
    """

    source: PortName
    target: PortName
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Wiring:
    """All wires, and the graph they form.

    Args:
        wires: every wire, in the order of nodes.
        graph: nodes by name; each edge carries its `wire`.
        tainted: nodes with a fault, about which nothing more is concluded.
    """

    wires: tuple[Wire, ...]
    graph: nx.MultiDiGraph
    tainted: frozenset[str]

    def order(self) -> list[str]:
        """Return the nodes so that data flows forward, in the order written where it is free."""
        position = {name: index for index, name in enumerate(self.graph.nodes)}
        return list(nx.lexicographical_topological_sort(self.graph, key=position.__getitem__))

    def source_of(self, target: PortName) -> PortName | None:
        """Return the output port that feeds an input port."""
        return next((wire.source for wire in self.wires if wire.target == target), None)


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
        self.automatic: set[PortName] = set()
        self.faults: list[Diagnostic] = []
        self.tainted = {name for name in spec.nodes if name not in declarations}

    def wire_up(self) -> tuple[Wiring, list[Diagnostic]]:
        for node in self.spec.nodes.values():
            if node.name in self.declarations:
                self._connect(node)
        cyclic = self._report_cycle()
        for node in self.spec.nodes.values():
            if node.name in self.declarations and not cyclic:
                self._complete(node)
        graph = self._graph()
        wires = [edge["wire"] for *_, edge in graph.edges(data=True)]
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
    ) -> None:
        document = self.spec.document
        where = (document.key_place if key else document.place)("modules", node, *trail)
        self.faults.append(Diagnostic(code, message, where, causes=causes, help=help))
        self.tainted.add(node)

    def _connect(self, node: NodeSpec) -> None:
        for port, source in node.sources.items():
            trail = ("from", port) if port else ("from",)
            if not self._source_exists(node.name, source, trail):
                continue
            target = port or self._only_fit(node.name, source, trail)
            inputs = self.declarations[node.name].ports.inputs
            if target is None:
                continue
            if target not in inputs:
                message = f"`{node.module}` has no input `{target}`"
                help = nearest(target, list(inputs)) or "it takes no inputs"
                self._fault("PG012", message, node.name, *trail, help=help, key=True)
                continue
            self._join(source, PortName(node.name, target), trail)

    def _join(self, source: PortName, target: PortName, trail: tuple[str, ...]) -> None:
        given = self.declarations[source.node].ports.outputs[source.port]
        wanted = self.declarations[target.node].ports.inputs[target.port]
        reason = reason_not_to_join(given, wanted)
        if reason is None:
            self.sources[target] = source
            return
        causes = (
            f"{source} gives {given}[{given.axes}]",
            f"{target} takes {wanted}[{wanted.axes}]",
        )
        givers = self._givers(target.node, wanted)
        help = "what fits here: " + ", ".join(givers) if givers else ""
        self._fault(reason[0], reason[1], target.node, *trail, help=help, causes=causes)

    def _givers(self, node: str, wanted: Kind) -> list[str]:
        found = [
            f"`{name}.{port}`"
            for name, declared in self.declarations.items()
            for port, kind in declared.ports.outputs.items()
            if name != node and reason_not_to_join(kind, wanted) is None
        ]
        return found[:4]

    def _source_exists(self, node: str, source: PortName, trail: tuple[str, ...]) -> bool:
        if source.node not in self.spec.nodes:
            if source.node not in (self.spec.document.data.get("modules") or {}):
                help = nearest(source.node, list(self.spec.nodes))
                self._fault("PG012", f"there is no node `{source.node}`", node, *trail, help=help)
            self.tainted.add(node)
            return False
        if source.node not in self.declarations:
            self.tainted.add(node)
            return False
        declared = self.declarations[source.node]
        if source.port in declared.ports.outputs:
            return True
        message = f"`{source.node}` ({declared.id}) has no output `{source.port}`"
        help = nearest(source.port, list(declared.ports.outputs))
        self._fault("PG012", message, node, *trail, help=help)
        return False

    def _only_fit(self, node: str, source: PortName, trail: tuple[str, ...]) -> str | None:
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
            self._fault(
                "PG012", f"`{declared.id}` takes no inputs", node, *trail, help="delete `from`"
            )
            return None
        choices = ", ".join(f"{name}: …" for name in fitting or required)
        message = f"`{declared.id}` has several inputs for `{source}`"
        self._fault("PG013", message, node, *trail, help=f"name them: from: {{{choices}}}")
        return None

    def _report_cycle(self) -> bool:
        try:
            cycle = nx.find_cycle(self._graph())
        except nx.NetworkXNoCycle:
            return False
        wires = [self._graph().edges[edge]["wire"] for edge in cycle]
        last = wires[-1].target
        path = " -> ".join([wire.source.node for wire in wires] + [last.node])
        help = "a graph flows one way: take one of these wires out"
        self._fault("PG040", f"the graph runs in a circle: {path}", last.node, "from", help=help)
        return True

    def _complete(self, node: NodeSpec) -> None:
        declared = self.declarations[node.name]
        for port, kind in declared.ports.inputs.items():
            target = PortName(node.name, port)
            if target in self.sources or node.name in self.tainted:
                continue
            if isinstance(kind, Lengths):
                self._bring_lengths(target, kind, port in declared.optional)
            elif port not in declared.optional:
                self._missing(target, kind)

    def _missing(self, target: PortName, kind: Kind) -> None:
        givers = self._givers(target.node, kind)
        help = "a source of that kind is " + " or ".join(givers) if givers else ""
        message = f"the input `{target.port}` of `{target.node}` ({kind}) is not wired"
        self._fault("PG014", message, target.node, help=help, key=True)

    def _bring_lengths(self, target: PortName, kind: Lengths, optional: bool) -> None:
        term = parse_term(kind.of)
        found = self._lengths_of(target.node, term.name) if isinstance(term, Name) else []
        if len(found) == 1:
            self.sources[target] = found[0]
            self.automatic.add(target)
        elif not optional and not self._upstream_tainted(target.node):
            self._no_single_lengths(target, kind, found)

    def _lengths_of(self, node: str, axis: str) -> list[PortName]:
        """Walk up the wires along one axis to the nearest node that states its lengths."""
        for port, kind in self.declarations[node].ports.inputs.items():
            dims = parse_axes(kind.axes)
            source = self.sources.get(PortName(node, port))
            if isinstance(kind, Lengths) or Name(axis) not in dims or source is None:
                continue
            return self._stated_by(source, dims.index(Name(axis)))
        return []

    def _stated_by(self, source: PortName, index: int) -> list[PortName]:
        outputs = self.declarations[source.node].ports.outputs
        dims = parse_axes(outputs[source.port].axes)
        if index >= len(dims):
            return []
        term = dims[index]
        stated = [
            PortName(source.node, port)
            for port, kind in outputs.items()
            if isinstance(kind, Lengths) and parse_term(kind.of) == term
        ]
        if stated or not isinstance(term, Name):
            return stated
        return self._lengths_of(source.node, term.name)

    def _upstream_tainted(self, node: str) -> bool:
        return bool(self.tainted & ({node} | nx.ancestors(self._graph(), node)))

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
