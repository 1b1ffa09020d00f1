"""Adapters that would mend a fault: offered by its help as lines to paste, never put in.

Adapters are the modules of the registry whose id begins with `adapt.`. Every offer was tried: with
these lines in the graph the fault is gone, and no other has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise
from typing import Any

import networkx as nx

from phonograph.errors import Diagnostic
from phonograph.graphs.assemble import argument
from phonograph.graphs.equations import FROM_DECLARATION, FROM_REPEAT
from phonograph.graphs.joins import reason_not_to_join
from phonograph.graphs.list_ports import target_of, trail_of
from phonograph.graphs.node_names import why_not_a_node_name
from phonograph.graphs.proof import Proof
from phonograph.graphs.shapes_only import ShapesOnly
from phonograph.graphs.spec import GraphSpec, NodeSpec, PortName
from phonograph.graphs.wires import Wire
from phonograph.types.components import Conflict
from phonograph.types.declaration import Declaration
from phonograph.types.equalities import Anchor
from phonograph.types.kinds import Kind, Lengths, Loss, parse_axes
from phonograph.types.registry import Registry
from phonograph.types.terms import names_in

_PREFIX = "adapt."
_CODES = frozenset({"PG020", "PG021", "PG031", "PG032"})
_MOST_WIRES = 3
_MOST_NODES = 6000

Prove = Callable[[GraphSpec], Proof]


@dataclass(frozen=True, slots=True)
class _Site:
    """A wire on which an adapter may stand.

    Args:
        node: the node at its end.
        key: under which the node names the source, see `NodeSpec.sources`.
        source: the output it comes from.
        wanted: kind of the input it leads to.
    """

    node: str
    key: str | None
    source: PortName
    wanted: Kind


@dataclass(frozen=True, slots=True)
class _Adapter:
    """A module with one tensor to take and one to give."""

    declaration: Declaration
    takes: Kind
    gives: tuple[str, Kind]

    def chosen(self) -> Iterator[str]:
        """Name the parameters that only what it gives depends on, such as a rate."""
        taken = _parameters(self.takes)
        return (name for name in _parameters(self.gives[1]) if name not in taken)


def with_adapters(
    spec: GraphSpec, proof: Proof, registry: Registry, prove: Prove
) -> list[Diagnostic]:
    """Return the faults of a graph, where an adapter would mend one with that in its help.

    Args:
        spec: the graph as written.
        proof: what is known of it.
        registry: the modules that may be named.
        prove: proves a graph without looking for adapters.
    """
    offers = _Offers(spec, proof, registry, prove)
    return [offers.added_to(fault) for fault in proof.faults]


class _Offers:
    def __init__(self, spec: GraphSpec, proof: Proof, registry: Registry, prove: Prove) -> None:
        self.spec = spec
        self.proof = proof
        self.prove = prove
        self.registry = registry
        self.declarations = proof.declarations
        self.proved = 0
        self.known = {_identity(fault) for fault in proof.faults}

    def added_to(self, fault: Diagnostic) -> Diagnostic:
        if fault.code not in _CODES:
            return fault
        for site in list(self._sites(fault))[:_MOST_WIRES]:
            for adapter in self._fitting(site):
                if lines := self._lines(fault, site, adapter):
                    return replace(fault, help=_extended(fault.help, lines))
        return fault

    def _sites(self, fault: Diagnostic) -> Iterator[_Site]:
        """Find the wires on which a fault may be mended, the likeliest first."""
        conflict = self.proof.conflicts.get(fault)
        if conflict is not None:
            repeated = conflict.blamed.strength == FROM_REPEAT and fault.code == "PG031"
            for wire in () if repeated else _between(conflict, self.proof.wiring.wires):
                yield from self._sites_of(wire)
            return
        for node in self.spec.nodes.values():
            for key, source in node.sources.items():
                if self.spec.document.place("modules", node.name, *trail_of(key)) == fault.place:
                    yield from self._site(node, key, source)

    def _sites_of(self, wire: Wire) -> Iterator[_Site]:
        node = self.spec.nodes[wire.target.node]
        for key, source in node.sources.items():
            if source == wire.source and not wire.automatic:
                yield from self._site(node, key, source)

    def _site(self, node: NodeSpec, key: str | None, source: PortName) -> Iterator[_Site]:
        declared = self.declarations.get(node.name)
        # the nodes of a composite stand in another file
        written = node.name.isidentifier() and source.node.isidentifier()
        if declared is None or source.node not in self.declarations or not written:
            return
        port = target_of(key, declared.ports) or _only_input(declared)
        wanted = declared.ports.inputs.get(port or "")
        if wanted is not None and source.port in self.declarations[source.node].ports.outputs:
            yield _Site(node.name, key, source, wanted)

    def _fitting(self, site: _Site) -> Iterator[_Adapter]:
        given = self.declarations[site.source.node].ports.outputs[site.source.port]
        for id in self.registry.ids:
            adapter = _adapter(self.registry.load(id)) if id.startswith(_PREFIX) else None
            if adapter is None or reason_not_to_join(given, adapter.takes):
                continue
            if reason_not_to_join(adapter.gives[1], site.wanted) is None:
                yield adapter

    def _lines(self, fault: Diagnostic, site: _Site, adapter: _Adapter) -> list[str]:
        """Return the lines that put an adapter on a wire, none where they do not mend the fault."""
        self.proved += len(self.spec.nodes)
        if self.proved > max(_MOST_NODES, len(self.spec.nodes)):
            return []
        name = self._free_name(adapter.declaration.id.removeprefix(_PREFIX))
        output = PortName(name, adapter.gives[0])
        found = self.prove(_rewired(self.spec, site, name, adapter.declaration.id, output))
        left = {_identity(one) for one in found.faults}
        if _identity(fault) in left or left - self.known:
            return []
        values = found.values.get(name, {})
        if not self._may_stand(site, adapter, values):
            return []
        return _as_yaml(site, output, adapter, {n: values.get(n) for n in adapter.chosen()})

    def _may_stand(self, site: _Site, adapter: _Adapter, values: Mapping[str, Any]) -> bool:
        """Whether an adapter can be built, and a loss trains its weights where there is one."""
        parameters = adapter.declaration.parameters
        arguments = {n: argument(one, values) for n, one in parameters.items() if n in values}
        if any(one.required and n not in arguments for n, one in parameters.items()):
            return False  # what it would become is not known
        try:
            with ShapesOnly():
                built = adapter.declaration.cls(**arguments)
        except (ValueError, OverflowError, RuntimeError):
            return False
        losses = {name for name, one in self.declarations.items() if _gives_loss(one)}
        later = {site.node, *nx.descendants(self.proof.wiring.graph, site.node)}
        return not losses or bool(losses & later) or not any(True for _ in built.parameters())

    def _free_name(self, wanted: str) -> str:
        names = (wanted if number == 1 else f"{wanted}_{number}" for number in count(1))
        taken = self.spec.nodes
        return next(n for n in names if n not in taken and not why_not_a_node_name(n))


def _between(conflict: Conflict, wires: Sequence[Wire]) -> list[Wire]:
    """Return the wires from a blamed value to the one it contradicts, in this order."""
    blamed, required = conflict.blamed, conflict.required
    # a value that a port fixes holds for what is wired to it
    ends = [_at(anchor, wires) for anchor in (blamed, required)]
    steps = {frozenset(step) for step in pairwise(conflict.chain)}
    inside = [w for w in wires if frozenset((str(w.source), str(w.target))) in steps]
    order = list(conflict.chain[::-1])
    inside.sort(key=lambda w: min(order.index(str(w.source)), order.index(str(w.target))))
    return [*ends[0], *inside, *ends[1]]


def _at(anchor: Anchor, wires: Sequence[Wire]) -> list[Wire]:
    if anchor.strength != FROM_DECLARATION:
        return []
    ends = {wire: (wire.source, wire.target) for wire in wires}
    return [
        wire
        for wire, (one, other) in ends.items()
        if (str(one), other.node) == (anchor.source, anchor.unknown.node)
        or (str(other), one.node) == (anchor.source, anchor.unknown.node)
    ]


def _gives_loss(declared: Declaration) -> bool:
    return any(isinstance(kind, Loss) for kind in declared.ports.outputs.values())


def _only_input(declared: Declaration) -> str | None:
    inputs = {n: k for n, k in declared.ports.inputs.items() if not isinstance(k, Lengths)}
    required = [name for name in inputs if name not in declared.optional]
    return required[0] if len(required) == 1 else None


def _adapter(declared: Declaration) -> _Adapter | None:
    takes = [k for k in declared.ports.inputs.values() if not isinstance(k, Lengths)]
    gives = [(n, k) for n, k in declared.ports.outputs.items() if not isinstance(k, Lengths)]
    if len(takes) != 1 or len(gives) != 1 or declared.ports.lists:
        return None
    return _Adapter(declared, takes[0], gives[0])


def _parameters(kind: Kind) -> list[str]:
    names = [name for term in parse_axes(kind.axes) for name in names_in(term)]
    return [*kind.solved_attributes().values(), *(name for name in names if name[0].islower())]


def _rewired(spec: GraphSpec, site: _Site, name: str, module: str, output: PortName) -> GraphSpec:
    node = spec.nodes[site.node]
    moved = replace(node, sources={**node.sources, site.key: output})
    added = NodeSpec(name, module, {None: site.source}, {})
    return replace(spec, nodes={**spec.nodes, name: added, site.node: moved})


def _as_yaml(
    site: _Site, output: PortName, adapter: _Adapter, chosen: Mapping[str, Any]
) -> list[str]:
    settings = ", ".join(f"{name}: {value}" for name, value in chosen.items())
    given = f", with: {{{settings}}}" if settings else ""
    return [
        f"  {output.node}: {{module: {adapter.declaration.id}, from: {site.source}{given}}}",
        f"and wire `{output}` instead of `{site.source}` to `{site.node}`",
    ]


def _extended(help: str, lines: Sequence[str]) -> str:
    start = "or put in between:" if help else "put in between:"
    # what the lines say in full
    return "\n".join([*filter(None, [help.removesuffix(", or one in between")]), start, *lines])


def _identity(fault: Diagnostic) -> tuple[str, str, str]:
    return fault.code, fault.message, str(fault.place)
