"""The wires of a graph, and the order in which data flows along them."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from phonograph.graphs.spec import PortName


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
        tainted: nodes whose wires are not all known, about which nothing more is concluded.
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
        wires = self.graph.in_edges(target.node, data="wire")
        return next((wire.source for *_, wire in wires if wire.target == target), None)
