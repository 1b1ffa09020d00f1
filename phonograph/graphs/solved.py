"""The solved graph: every parameter, size, rate and wire known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from phonograph.graphs.spec import GraphSpec, PortName
from phonograph.graphs.wires import Wiring
from phonograph.types.declaration import Declaration
from phonograph.types.equalities import Anchor, Unknown, Value
from phonograph.types.kinds import Kind
from phonograph.types.part import parts_in
from phonograph.types.step_functions import same_function, slope_and_period
from phonograph.types.terms import Term


@dataclass(frozen=True, slots=True)
class Extent:
    """How long a time or label axis is, as a function of the axis where the data began.

    Args:
        root: that axis, such as `data.S`.
        term: the length in terms of it.
        rate: steps per second of the root, or None where it has no physical rate.
    """

    root: str
    term: Term
    rate: Fraction | None = None

    def agrees_with(self, other: Extent) -> bool:
        """Whether both have the same length for every input."""
        return self.root == other.root and same_function(self.term, other.term)

    @property
    def steps_per_second(self) -> Fraction | None:
        """The physical rate of this axis."""
        return None if self.rate is None else self.rate * slope_and_period(self.term)[0]

    def __str__(self) -> str:
        return str(self.term)


Size = Extent | int | str


@dataclass(frozen=True, slots=True)
class SolvedPort:
    """A port with its axes and attributes filled in.

    Args:
        kind: as declared.
        sizes: per axis an extent (time, label), a number (width) or a name (batch, unknown).
        attributes: solved attributes such as rate and vocab.
    """

    kind: Kind
    sizes: tuple[Size, ...]
    attributes: Mapping[str, Value]

    @property
    def time(self) -> Extent | None:
        """The first axis that has a physical rate."""
        timed = (size for size in self.sizes if isinstance(size, Extent) and size.rate is not None)
        return next(timed, None)

    def __str__(self) -> str:
        shape = f"[{', '.join(map(str, self.sizes))}]" if self.sizes else ""
        notes = ", ".join(f"{name} {value}" for name, value in self.attributes.items())
        return f"{self.kind}{shape}" + (f" ({notes})" if notes else "")


@dataclass(frozen=True, slots=True)
class SolvedNode:
    """A node with all of its constructor's arguments.

    Args:
        name: the node's name.
        declaration: its module.
        parameters: every constructor argument.
        only: the one view in which it exists, or None.
        use: the node that owns its weights, or None where it owns them itself.
        inputs: solved input ports.
        outputs: solved output ports.
    """

    name: str
    declaration: Declaration
    parameters: Mapping[str, Any]
    only: str | None
    use: str | None
    inputs: Mapping[str, SolvedPort]
    outputs: Mapping[str, SolvedPort]

    @property
    def random(self) -> bool:
        """Whether it, or a part of it, draws random numbers while training."""
        parts = [part for value in self.parameters.values() for part in parts_in(value)]
        declared = [self.declaration, *(part.declaration for part in parts)]
        return any(one.registration.random for one in declared)


@dataclass(frozen=True, slots=True)
class SolvedGraph:
    """A proved graph.

    Args:
        spec: the graph as written.
        wiring: all wires.
        nodes: solved nodes, in the order in which data flows.
        counted: each output of kind Lengths -> the axis whose steps it counts.
        reasons: each solved value -> where it came from.
    """

    spec: GraphSpec
    wiring: Wiring
    nodes: Mapping[str, SolvedNode]
    counted: Mapping[PortName, Extent]
    reasons: Mapping[Unknown, Anchor] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The graph's name."""
        return self.spec.name

    def owner(self, node: str) -> str:
        """Return the node that owns the weights of a node."""
        return self.nodes[node].use or node

    def output(self, port: PortName) -> SolvedPort:
        """Return a solved output port."""
        return self.nodes[port.node].outputs[port.port]
