"""Prove a graph: find every size, rate and vocabulary, or say which line to change."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from phonograph.errors import Diagnostic
from phonograph.graphs.adapters import with_adapters
from phonograph.graphs.assemble import Values, assemble
from phonograph.graphs.clashes import (
    explain_bad_sizes,
    explain_broken_links,
    explain_conflict,
    explain_sum,
)
from phonograph.graphs.declare import DeclaredNode, declare, share
from phonograph.graphs.equations import (
    BY_DEFAULT,
    Equations,
    anchors_of,
    equate,
    shared_sizes,
    sums_of,
    unknowns_of,
)
from phonograph.graphs.extents import follow_axes
from phonograph.graphs.joins import reason_not_to_join
from phonograph.graphs.module_versions import migrate_modules
from phonograph.graphs.parameters import is_open
from phonograph.graphs.proof import Proof
from phonograph.graphs.shared_weights import follow_uses
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import GraphSpec, PortName
from phonograph.graphs.unsolved import unsolved_faults
from phonograph.graphs.views import exposed_faults, view_port_faults
from phonograph.graphs.wires import Wiring
from phonograph.graphs.wiring import wire_up
from phonograph.types.declaration import Declaration
from phonograph.types.equalities import Anchor, Unknown, Value
from phonograph.types.kinds import Kind
from phonograph.types.registry import Registry
from phonograph.types.solver import Solution, solve
from phonograph.types.vocabulary import Vocabulary


def solve_graph(spec: GraphSpec, registry: Registry) -> tuple[SolvedGraph | None, list[Diagnostic]]:
    """Solve a graph; without faults the solved graph comes back, else None and every fault."""
    proof = _prove(spec, registry)
    if proof.faults:
        return None, with_adapters(spec, proof, registry, lambda other: _prove(other, registry))
    if proof.wiring.tainted:
        return None, []
    solved = (proof.declarations, proof.solution, proof.values, proof.axes)
    return assemble(proof.spec, proof.wiring, *solved), []


def _prove(spec: GraphSpec, registry: Registry) -> Proof:
    spec, faults = follow_uses(spec)
    spec, found = migrate_modules(spec, registry)
    faults += found
    nodes, found = _declared(spec, registry)
    faults += found
    declarations = {name: node.declaration for name, node in nodes.items()}
    wiring, found = wire_up(spec, declarations)
    faults += found
    nodes = {name: nodes[name] for name in wiring.order() if name in nodes}
    equations = _equations(nodes, wiring)
    solution = _solution(nodes, equations)
    conflicts = {explain_conflict(spec, declarations, one): one for one in solution.conflicts}
    faults += conflicts
    faults += [explain_sum(spec, declarations, one) for one in solution.sum_conflicts]
    faults += explain_broken_links(spec, declarations, solution)
    faults += explain_bad_sizes(spec, declarations, solution)
    unclear = _unclear(spec, nodes, wiring)
    faults += unsolved_faults(spec, nodes, equations, solution, unclear)
    values = _values(nodes, solution)
    axes, found = follow_axes(spec, wiring, declarations, values)
    faults += found
    faults += view_port_faults(spec, declarations)
    faults += exposed_faults(spec, declarations)
    return Proof(spec, nodes, wiring, solution, values, axes, faults, conflicts)


def _declared(
    spec: GraphSpec, registry: Registry
) -> tuple[dict[str, DeclaredNode], list[Diagnostic]]:
    nodes: dict[str, DeclaredNode] = {}
    faults: list[Diagnostic] = []
    for written in spec.nodes.values():
        if written.use is None:
            declared, found = declare(written, registry, spec.document)
            faults += found
            if declared is not None:
                nodes[written.name] = declared
    for written in spec.nodes.values():
        if written.use in nodes:  # what is wrong with it was told of its owner
            nodes[written.name] = share(written, nodes[written.use])
    return nodes, faults


def _unclear(spec: GraphSpec, nodes: dict[str, DeclaredNode], wiring: Wiring) -> frozenset[str]:
    """Name the nodes with a fault, and those that may have been meant to feed them."""
    at_fault = {name for name, node in nodes.items() if node.unclear or node.lacks_derived}
    at_fault |= wiring.tainted
    named = {port.node for view in spec.views.values() for port in (*view.run, *view.feed)}
    if named - set(spec.nodes):  # a node that is not there may decide anything
        return frozenset(spec.nodes)
    meant = {port.node for name in wiring.tainted for port in spec.nodes[name].sources.values()}
    wanted = {
        kind
        for name in wiring.tainted & nodes.keys()
        for port, kind in nodes[name].declaration.ports.inputs.items()
        if wiring.source_of(PortName(name, port)) is None
    }
    meant |= {name for name, node in nodes.items() if _could_feed(node, wanted)}
    return frozenset(at_fault | meant)


def _could_feed(node: DeclaredNode, wanted: Iterable[Kind]) -> bool:
    outputs = node.declaration.ports.outputs.values()
    return any(reason_not_to_join(kind, one) is None for kind in outputs for one in wanted)


def _equations(nodes: dict[str, DeclaredNode], wiring: Wiring) -> Equations:
    equations = Equations()
    for name, node in nodes.items():
        if node.owner is None:
            equations.anchors += anchors_of(name, node.declaration, node.given, node.derived)
        else:
            equations.links += shared_sizes(node.owner, name, node.declaration)
            equations.anchors += anchors_of(name, node.declaration, {}, {})
        equations.sums += sums_of(name, node.declaration)
    for wire in wiring.wires:
        source = nodes[wire.source.node].declaration.ports.outputs[wire.source.port]
        target = nodes[wire.target.node].declaration.ports.inputs[wire.target.port]
        equate(wire, source, target, equations)
    return equations


def _solution(nodes: dict[str, DeclaredNode], equations: Equations) -> Solution:
    unknowns = [u for name, node in nodes.items() for u in unknowns_of(name, node.declaration)]
    defaults = [
        default for one in unknowns if (default := _default(one, nodes[one.node].declaration))
    ]
    opened = {one for one in unknowns if is_open(nodes[one.node].given.get(one.name))}
    sums = equations.sums
    return solve(unknowns, equations.anchors, equations.links, defaults, sums, opened)


def _default(unknown: Unknown, declared: Declaration) -> Anchor | None:
    parameter = declared.parameters.get(unknown.name)
    if parameter is None or not isinstance(parameter.default, int):
        return None
    return Anchor(unknown, Fraction(parameter.default), BY_DEFAULT, str(unknown))


def _values(nodes: dict[str, DeclaredNode], solution: Solution) -> Values:
    values: Values = {name: node.known for name, node in nodes.items()}
    for unknown, value in solution.values.items():
        values[unknown.node][unknown.name] = _native(value)
    return values


def _native(value: Value) -> int | Fraction | Vocabulary:
    if isinstance(value, Vocabulary):
        return value
    return int(value) if value.denominator == 1 else value
