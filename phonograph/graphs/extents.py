"""Follow time and label axes through the graph: how long, how fast, and whose lengths count."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from phonograph.errors import Diagnostic, Edit, Place
from phonograph.graphs.fixes import deleted
from phonograph.graphs.joins import roles_of
from phonograph.graphs.list_ports import trail_to
from phonograph.graphs.solved import Extent
from phonograph.graphs.spec import GraphSpec, PortName
from phonograph.graphs.wires import Wire, Wiring
from phonograph.types.axes import Role, role_of
from phonograph.types.declaration import Declaration
from phonograph.types.kinds import Audio, Kind, Lengths, parse_axes
from phonograph.types.terms import (
    Constant,
    Name,
    Operation,
    Rounding,
    Term,
    axis_in,
    names_in,
    parse_term,
    substitute,
)
from phonograph.types.vocabulary import Vocabulary

Axes = dict[str, Extent]

_DEEPEST = 200
_COUNTED = (Role.TIME, Role.LABEL)


def follow_axes(
    spec: GraphSpec,
    wiring: Wiring,
    declarations: Mapping[str, Declaration],
    values: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Axes], list[Diagnostic]]:
    """Find every time and label axis of every node.

    Args:
        spec: the graph as written.
        wiring: all wires.
        declarations: node -> declaration.
        values: node -> every name its terms may use.

    Returns:
        node -> axis name -> extent, and the faults: axes that disagree, lengths of another axis.
    """
    follower = _Follower(spec, wiring, declarations, values)
    for node in wiring.order():
        if node in declarations:
            follower.visit(node)
    return follower.axes, follower.faults


class Extents:
    """The time and label axes of one node, by which its ports are measured.

    Args:
        values: every name that its terms may use.
        axes: its axes.
    """

    def __init__(self, values: Mapping[str, Any], axes: Axes) -> None:
        self.axes = axes
        self._values = values
        self._constants: dict[str, Term] | None = None

    def of(self, term: Term) -> Extent | None:
        """Express an axis term by the root of its axis.

        Returns:
            None when something is unknown, or when the term would grow beyond all use, as behind
            very many layers with strides.
        """
        axis = axis_in(term)
        extent = self.axes.get(axis) if axis else None
        if extent is None or axis is None:
            return None
        if isinstance(term, Name):
            return extent
        if self._constants is None:
            self._constants = _constants(self._values)
        if not names_in(term) <= {axis, *self._constants}:
            return None
        try:
            filled = substitute(term, {**self._constants, axis: extent.term})
        except ZeroDivisionError:  # a stride of 0, say: the constructor will refuse it
            return None
        return Extent(extent.root, filled, extent.rate) if _depth(filled) <= _DEEPEST else None


def _depth(term: Term) -> int:
    """Count the operations around the axis in a term."""
    depth = 0
    while not isinstance(term, Name | Constant):
        depth += 1
        match term:
            case Rounding(_, inside):
                term = inside
            case Operation(_, left, right):
                term = right if isinstance(left, Constant) else left
    return depth


def _constants(values: Mapping[str, Any]) -> dict[str, Term]:
    constants: dict[str, Term] = {}
    for name, value in values.items():
        if isinstance(value, Vocabulary):
            constants[name] = Constant(Fraction(value.size))
        elif isinstance(value, bool):
            continue
        elif isinstance(value, int | float | Fraction) and math.isfinite(value):
            constants[name] = Constant(Fraction(str(value)))
    return constants


class _Follower:
    def __init__(
        self,
        spec: GraphSpec,
        wiring: Wiring,
        declarations: Mapping[str, Declaration],
        values: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.spec = spec
        self.tainted = wiring.tainted
        self.declarations = declarations
        self.values = values
        self.axes: dict[str, Axes] = {}
        self._extents: dict[str, Extents] = {}
        self.faults: list[Diagnostic] = []
        self.unclear: dict[str, set[str]] = {}
        self.incoming: dict[str, list[Wire]] = {}
        for wire in wiring.wires:
            self.incoming.setdefault(wire.target.node, []).append(wire)

    def visit(self, node: str) -> None:
        declared = self.declarations[node]
        self.axes[node] = {}
        self._extents[node] = Extents(self.values.get(node, {}), self.axes[node])
        givers: dict[str, Wire] = {}
        wires = self.incoming.get(node, [])
        tensors = [w for w in wires if not isinstance(self._wanted(w), Lengths)]
        # a bare `U` says how long the axis is, `U+1` can then be compared
        for wire in sorted(tensors, key=lambda wire: _counts_from(self._wanted(wire).axes)):
            self._bind(wire, givers)
        for axis in self.unclear.pop(node, ()):
            del self.axes[node][axis]  # nothing more is concluded from it
        for wire in wires:
            if isinstance(self._wanted(wire), Lengths):
                self._check_lengths(wire, givers)
        if node not in self.tainted:
            self._start_fresh_axes(node, declared.ports.outputs.values(), wires)

    def _wanted(self, wire: Wire) -> Kind:
        return self.declarations[wire.target.node].ports.inputs[wire.target.port]

    def _given(self, wire: Wire) -> Kind:
        return self.declarations[wire.source.node].ports.outputs[wire.source.port]

    def _extent(self, node: str, term: Term) -> Extent | None:
        return self._extents[node].of(term) if node in self._extents else None

    def _bind(self, wire: Wire, givers: dict[str, Wire]) -> None:
        source, target = self._given(wire).axes, self._wanted(wire).axes
        axes = zip(parse_axes(source), parse_axes(target), roles_of(target), strict=True)
        for term, axis, role in axes:
            extent = self._extent(wire.source.node, term) if role in _COUNTED else None
            if extent is None:
                continue
            known = self._extent(wire.target.node, axis)
            if known is None and isinstance(axis, Name):
                self.axes[wire.target.node][axis.name] = extent
                givers[axis.name] = wire
            elif known is not None and not known.agrees_with(extent):
                name = axis_in(axis) or ""
                self.unclear.setdefault(wire.target.node, set()).add(name)
                self._report_axes(wire, extent, known, givers.get(name))

    def _report_axes(self, wire: Wire, extent: Extent, known: Extent, giver: Wire | None) -> None:
        causes = [f"{wire.source} has {_described(extent)}"]
        if giver is not None:
            causes.append(f"{giver.source} has {_described(known)}")
        message = f"the inputs of `{wire.target.node}` must have one length"
        help = "wire outputs that are equally long for every utterance"
        self._fault("PG022", message, wire.target, tuple(causes), help)

    def _check_lengths(self, wire: Wire, givers: dict[str, Wire]) -> None:
        given, wanted = self._given(wire), self._wanted(wire)
        if not isinstance(given, Lengths) or not isinstance(wanted, Lengths):
            return
        extent = self._extent(wire.source.node, parse_term(given.of))
        needed = self._extent(wire.target.node, parse_term(wanted.of))
        if extent is None or needed is None or extent.agrees_with(needed):
            return
        giver = givers.get(wanted.of)
        tensor = giver.source if giver else PortName(wire.target.node, wanted.of)
        causes = (
            f"{wire.source} counts {_described(extent)}",
            f"{tensor} has {_described(needed)}",
        )
        message = f"`{wire.target}` gets the lengths of another axis"
        help = f"delete `{wire.target.port}`: lengths come along with their tensor"
        key = ("modules", wire.target.node, "from", wire.target.port)
        fix = deleted(self.spec.document.key_place(*key), wire.target.port)
        self._fault("PG023", message, wire.target, causes, help, fix)

    def _start_fresh_axes(self, node: str, outputs: Iterable[Kind], wires: Sequence[Wire]) -> None:
        arriving = {axis for wire in wires for axis in _axes_of(self._wanted(wire).axes)}
        for kind in outputs:
            for axis in _axes_of(kind.axes):
                if role_of(axis) in _COUNTED and axis not in {*self.axes[node], *arriving}:
                    rate = self._rate(node, kind)
                    self.axes[node][axis] = Extent(f"{node}.{axis}", Name(axis), rate)

    def _rate(self, node: str, kind: Kind) -> Fraction | None:
        value = self.values.get(node, {}).get(kind.rate) if isinstance(kind, Audio) else None
        return Fraction(value) if isinstance(value, int | Fraction) else None

    def _fault(
        self,
        code: str,
        message: str,
        target: PortName,
        causes: tuple[str, ...],
        help: str,
        fix: Edit | None = None,
    ) -> None:
        place = self._place(target)
        self.faults.append(Diagnostic(code, message, place, causes=causes, help=help, fix=fix))

    def _place(self, target: PortName) -> Place:
        trail = trail_to(self.spec.nodes[target.node], target.port)
        return self.spec.document.place("modules", target.node, *trail)


@lru_cache(maxsize=4096)
def _counts_from(axes: str) -> bool:
    """Whether an axis of a port is a function of another port's, such as `U+1`."""
    terms = parse_axes(axes)
    return any(axis_in(term) and not isinstance(term, Name) for term in terms)


@lru_cache(maxsize=4096)
def _axes_of(axes: str) -> tuple[str, ...]:
    return tuple(axis for term in parse_axes(axes) if (axis := axis_in(term)))


def _described(extent: Extent) -> str:
    rate = extent.steps_per_second
    per_second = f", {float(rate):g} per second" if rate is not None else ""
    return f"{extent.term} steps ({extent.root}{per_second})"
