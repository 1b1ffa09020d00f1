"""Prove a graph: find every size, rate and vocabulary, or say which line to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.clashes import explain_broken_link, explain_conflict
from phonograph.graphs.equations import Equations, anchors_of, equate, unknowns_of
from phonograph.graphs.extents import Axes, fill_in, follow_axes
from phonograph.graphs.joins import role_of_term
from phonograph.graphs.parameters import GIVEN_LATER, Misfit, convert
from phonograph.graphs.solved import Extent, Size, SolvedGraph, SolvedNode, SolvedPort
from phonograph.graphs.spec import GraphSpec, NodeSpec, PortName
from phonograph.graphs.wiring import Wiring, wire_up
from phonograph.types.axes import Role
from phonograph.types.declaration import Declaration, Parameter
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.registry import Registry
from phonograph.types.solver import Anchor, Solution, Unknown, Value, size_of, solve
from phonograph.types.terms import Term, as_affine, parse_term
from phonograph.types.vocabulary import Vocabulary

FRAME_PERIOD = "frame_period"

Values = dict[str, dict[str, Any]]


def solve_graph(spec: GraphSpec, registry: Registry) -> tuple[SolvedGraph | None, list[Diagnostic]]:
    """Solve a graph; without faults the solved graph comes back, else None and every fault."""
    return _GraphSolver(spec, registry).solve()


class _GraphSolver:
    def __init__(self, spec: GraphSpec, registry: Registry) -> None:
        self.spec = spec
        self.registry = registry
        self.faults: list[Diagnostic] = []
        self.declarations: dict[str, Declaration] = {}
        self.given: Values = {}
        self.derived: Values = {}
        self.tainted: set[str] = set()

    def solve(self) -> tuple[SolvedGraph | None, list[Diagnostic]]:
        for node in self.spec.nodes.values():
            self._declare(node)
        wiring, faults = wire_up(self.spec, self.declarations)
        self.faults += faults
        if any(fault.code == "PG040" for fault in faults):
            return None, self.faults
        equations = self._equations(wiring)
        solution = self._solution(wiring, equations)
        values = self._all_values(solution)
        if not self.faults and not wiring.tainted:
            self._report_free(wiring, solution)
        axes: dict[str, Axes] = {}
        if not wiring.tainted:
            axes, found = follow_axes(self.spec, wiring, self.declarations, values)
            self.faults += found
        if self.faults:
            return None, self.faults
        return self._assemble(wiring, solution, values, axes), []

    def _declare(self, node: NodeSpec) -> None:
        if node.module not in self.registry:
            place = self.spec.document.place("modules", node.name, "module")
            help = nearest(node.module, self.registry.ids) or "`phonograph modules` lists them"
            self.faults.append(
                Diagnostic("PG010", f"unknown module `{node.module}`", place, help=help)
            )
            return
        declared = self.registry.load(node.module)
        self.declarations[node.name] = declared
        self.given[node.name] = {}
        for name, value in node.parameters.items():
            self._give(node, declared, name, value)
        self.derived[node.name] = self._derive(node, declared)

    def _give(self, node: NodeSpec, declared: Declaration, name: str, value: Any) -> None:
        trail = ("modules", node.name, "with", name)
        if name not in declared.parameters:
            place = self.spec.document.key_place(*trail)
            help = nearest(name, list(declared.parameters))
            message = f"`{node.module}` has no parameter `{name}`"
            self.faults.append(Diagnostic("PG011", message, place, help=help))
            return
        folder = self.spec.document.folder_of(*trail)
        found = convert(value, declared.parameters[name].annotation, folder)
        if isinstance(found, Misfit):
            place = self.spec.document.place(*trail, *found.trail)
            message = f"`{name}` of `{node.name}` {found.message}"
            self.faults.append(Diagnostic("PG015", message, place, help=found.help))
            self.tainted.add(node.name)
            return
        self.given[node.name][name] = found

    def _derive(self, node: NodeSpec, declared: Declaration) -> dict[str, Any]:
        if declared.derived is None:
            return {}
        known = {n: p.default for n, p in declared.parameters.items() if not p.required}
        known |= self.given[node.name]
        names = declared.derived_names()
        if any(name not in known or known[name] == GIVEN_LATER for name in names):
            return {}
        try:
            return dict(declared.derived(**{name: known[name] for name in names}))
        except ValueError as error:
            written = next((n for n in names if n in node.parameters), None)
            trail = ("modules", node.name, "with", written) if written else ("modules", node.name)
            place = self.spec.document.place(*trail)
            message = f"`{written or node.module}` of `{node.name}` does not fit: {error}"
            self.faults.append(Diagnostic("PG015", message, place))
            return {}

    def _equations(self, wiring: Wiring) -> Equations:
        equations = Equations()
        for name, declared in self.declarations.items():
            equations.anchors += anchors_of(name, declared, self.given[name], self.derived[name])
        for wire in wiring.wires:
            source = self.declarations[wire.source.node].ports.outputs[wire.source.port]
            target = self.declarations[wire.target.node].ports.inputs[wire.target.port]
            equate(wire, source, target, equations)
        return equations

    def _solution(self, wiring: Wiring, equations: Equations) -> Solution:
        order = [name for name in wiring.order() if name in self.declarations]
        unknowns = [u for name in order for u in unknowns_of(name, self.declarations[name])]
        defaults = [
            Anchor(unknown, Fraction(parameter.default), 0, str(unknown))
            for unknown in unknowns
            if (parameter := self._parameter(unknown)) and isinstance(parameter.default, int)
        ]
        solution = solve(unknowns, equations.anchors, equations.links, defaults)
        for conflict in solution.conflicts:
            self.faults.append(explain_conflict(self.spec, self.declarations, conflict))
        if not solution.conflicts:
            for link in solution.broken[:1]:
                self.faults.append(explain_broken_link(self.spec, link, solution))
        self._check_sizes(solution)
        return solution

    def _parameter(self, unknown: Unknown) -> Parameter | None:
        return self.declarations[unknown.node].parameters.get(unknown.name)

    def _check_sizes(self, solution: Solution) -> None:
        for unknown, value in solution.values.items():
            size = size_of(value)
            anchor = solution.reasons[unknown]
            if (size.denominator == 1 and size > 0) or solution.conflicts:
                continue
            place = self.spec.document.place("modules", unknown.node, "with", unknown.name)
            message = f"`{unknown}` would have to be {size}; sizes are whole and at least 1"
            cause = (f"it follows from {anchor.source} = {size_of(anchor.value)}",)
            self.faults.append(Diagnostic("PG031", message, place, causes=cause))
            return

    def _all_values(self, solution: Solution) -> Values:
        values: Values = {}
        for name, declared in self.declarations.items():
            defaults = {n: p.default for n, p in declared.parameters.items() if not p.required}
            values[name] = {**defaults, **self.given[name], **self.derived[name]}
        for unknown, value in solution.values.items():
            values[unknown.node][unknown.name] = _native(value)
        return values

    def _report_free(self, wiring: Wiring, solution: Solution) -> None:
        for name, declared in self.declarations.items():
            for parameter in declared.parameters.values():
                found = Unknown(name, parameter.name) in solution.values
                if not parameter.required or found or parameter.name in self.given[name]:
                    continue
                self._report_unsolved(wiring, name, parameter.name)

    def _report_unsolved(self, wiring: Wiring, node: str, parameter: str) -> None:
        declared = self.declarations[node]
        causes = []
        for port, kind in declared.ports.inputs.items():
            uses = parameter in kind.axes.split() or parameter in kind.solved_attributes().values()
            wire = next((w for w in wiring.wires if str(w.target) == f"{node}.{port}"), None)
            if uses and wire:
                causes.append(
                    f"it is asked of {wire.source} by {wire.target}, which leaves it open"
                )
        place = self.spec.document.key_place("modules", node)
        message = f"cannot infer `{parameter}` of `{node}`"
        help = f"give it: with: {{{parameter}: …}}"
        self.faults.append(Diagnostic("PG033", message, place, causes=tuple(causes), help=help))

    def _assemble(
        self, wiring: Wiring, solution: Solution, values: Values, axes: dict[str, Axes]
    ) -> SolvedGraph:
        nodes: dict[str, SolvedNode] = {}
        counted: dict[PortName, Extent] = {}
        for name in wiring.order():
            declared = self.declarations[name]
            ports = _PortSolver(name, values[name], solution, axes.get(name, {}))
            node = SolvedNode(
                name=name,
                declaration=declared,
                parameters={n: _argument(p, values[name]) for n, p in declared.parameters.items()},
                only=self.spec.nodes[name].only,
                inputs={port: ports.solved(kind) for port, kind in declared.ports.inputs.items()},
                outputs={port: ports.solved(kind) for port, kind in declared.ports.outputs.items()},
            )
            nodes[name] = _with_frame_period(node)
            for port, kind in declared.ports.outputs.items():
                extent = ports.counted(kind)
                if extent is not None:
                    counted[PortName(name, port)] = extent
        return SolvedGraph(self.spec, wiring, nodes, counted)


class _PortSolver:
    """Fills in the axes and attributes of one node's ports."""

    def __init__(
        self, node: str, values: Mapping[str, Any], solution: Solution, axes: Axes
    ) -> None:
        self.node = node
        self.values = values
        self.solution = solution
        self.axes = axes

    def solved(self, kind: Kind) -> SolvedPort:
        attributes: dict[str, Value] = {}
        for attribute, name in kind.solved_attributes().items():
            value = self.solution.values.get(Unknown(self.node, name))
            if value is not None:
                attributes[attribute] = value
        return SolvedPort(kind, tuple(map(self._size, parse_axes(kind.axes))), attributes)

    def counted(self, kind: Kind) -> Extent | None:
        """Return the axis whose steps a Lengths port counts."""
        return (
            fill_in(parse_term(kind.of), self.values, self.axes)
            if isinstance(kind, Lengths)
            else None
        )

    def _size(self, term: Term) -> Size:
        if role_of_term(term) in (Role.TIME, Role.LABEL):
            return fill_in(term, self.values, self.axes) or str(term)
        affine = as_affine(term)
        if affine is None:
            return str(term)
        value = self.values.get(affine.name) if affine.name else 0
        if isinstance(value, Vocabulary):
            value = value.size
        if not isinstance(value, int | Fraction):
            return str(term)
        return int(affine.scale * value + affine.offset)


def _native(value: Value) -> int | Fraction | Vocabulary:
    if isinstance(value, Vocabulary):
        return value
    return int(value) if value.denominator == 1 else value


def _argument(parameter: Parameter, values: Mapping[str, Any]) -> Any:
    value = values.get(parameter.name)
    if isinstance(value, Vocabulary) and parameter.annotation is not Vocabulary:
        return value.size
    return value


def _with_frame_period(node: SolvedNode) -> SolvedNode:
    """Fill a parameter called `frame_period` (seconds per frame) from the first timed input."""
    if node.parameters.get(FRAME_PERIOD, ...) is not None:
        return node
    timed = next((port.time for port in node.inputs.values() if port.time), None)
    if timed is None or not timed.steps_per_second:
        return node
    period = float(1 / timed.steps_per_second)
    return replace(node, parameters={**node.parameters, FRAME_PERIOD: period})
