"""Find the circles of a graph, in which data would have to flow forever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from phonograph.graphs.wires import Wire

if TYPE_CHECKING:
    import networkx as nx


def circles(graph: nx.MultiDiGraph) -> Iterator[list[Wire]]:
    """Walk along all wires and yield, for each that leads back, the wires of its circle."""
    done: set[str] = set()
    for start in graph:
        if start in done:
            continue
        way: list[Wire] = []
        depth, ahead = {start: 0}, [iter(graph.out_edges(start, data="wire"))]
        while ahead:
            *_, wire = next(ahead[-1], (None,))
            if wire is None:
                ahead.pop()
                done.add(depth.popitem()[0])
                del way[-1:]
            elif wire.target.node in depth:
                yield [*way[depth[wire.target.node] :], wire]
            elif wire.target.node not in done:
                way.append(wire)
                depth[wire.target.node] = len(depth)
                ahead.append(iter(graph.out_edges(wire.target.node, data="wire")))
