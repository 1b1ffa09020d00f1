"""Put a solved graph together: every argument, and every port with its axes and attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from phonograph.graphs.extents import Axes, Extents
from phonograph.graphs.joins import roles_of
from phonograph.graphs.solved import Extent, Size, SolvedGraph, SolvedNode, SolvedPort
from phonograph.graphs.spec import GraphSpec, PortName
from phonograph.graphs.wires import Wiring
from phonograph.types.axes import Role
from phonograph.types.declaration import Declaration, Parameter
from phonograph.types.equalities import Unknown, Value
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.part import filled
from phonograph.types.solver import Solution
from phonograph.types.terms import Term, as_linear, parse_term
from phonograph.types.vocabulary import Vocabulary

FRAME_PERIOD = "frame_period"

Values = dict[str, dict[str, Any]]


def assemble(
    spec: GraphSpec,
    wiring: Wiring,
    declarations: Mapping[str, Declaration],
    solution: Solution,
    values: Values,
    axes: Mapping[str, Axes],
) -> SolvedGraph:
    """Make the solved graph out of what was found.

    Args:
        spec: the graph as written.
        wiring: all wires.
        declarations: node -> declaration.
        solution: the values of widths and attributes.
        values: node -> every name that its parameters and terms may use.
        axes: node -> its time and label axes.
    """
    nodes: dict[str, SolvedNode] = {}
    counted: dict[PortName, Extent] = {}
    for name in wiring.order():
        declared = declarations[name]
        ports = _PortSolver(name, values[name], solution, axes[name])
        arguments = {n: argument(p, values[name]) for n, p in declared.parameters.items()}
        node = SolvedNode(
            name=name,
            declaration=declared,
            parameters={n: filled(value, arguments) for n, value in arguments.items()},
            only=spec.nodes[name].only,
            use=spec.nodes[name].use,
            inputs={port: ports.solved(kind) for port, kind in declared.ports.inputs.items()},
            outputs={port: ports.solved(kind) for port, kind in declared.ports.outputs.items()},
        )
        nodes[name] = _with_frame_period(node)
        for port, kind in declared.ports.outputs.items():
            extent = ports.counted(kind)
            if extent is not None:
                counted[PortName(name, port)] = extent
    return SolvedGraph(spec, wiring, nodes, counted, solution.reasons)


class _PortSolver:
    """Fills in the axes and attributes of one node's ports."""

    def __init__(
        self, node: str, values: Mapping[str, Any], solution: Solution, axes: Axes
    ) -> None:
        self.node = node
        self.values = values
        self.solution = solution
        self.extents = Extents(values, axes)

    def solved(self, kind: Kind) -> SolvedPort:
        attributes: dict[str, Value] = {}
        for attribute, name in kind.solved_attributes().items():
            value = self.solution.values.get(Unknown(self.node, name))
            if value is not None:
                attributes[attribute] = value
        sizes = tuple(map(self._size, parse_axes(kind.axes), roles_of(kind.axes)))
        return SolvedPort(kind, sizes, attributes)

    def counted(self, kind: Kind) -> Extent | None:
        """Return the axis whose steps a Lengths port counts."""
        if not isinstance(kind, Lengths):
            return None
        return self.extents.of(parse_term(kind.of))

    def _size(self, term: Term, role: Role) -> Size:
        if role in (Role.TIME, Role.LABEL):
            return self.extents.of(term) or str(term)
        linear = as_linear(term)
        if linear is None:
            return str(term)
        size = linear.offset
        for name, scale in linear.parts:
            value = self.values.get(name)
            if isinstance(value, Vocabulary):
                value = value.size
            if not isinstance(value, int | Fraction):
                return str(term)
            size += scale * value
        return int(size)


def argument(parameter: Parameter, values: Mapping[str, Any]) -> Any:
    """Return what a constructor is given: the number of tokens where it wants no more of them."""
    value = values.get(parameter.name)
    if isinstance(value, Vocabulary) and not parameter.wants_tokens:
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
