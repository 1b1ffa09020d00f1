"""In which row each vertex stands: after all that feed it, and where there is room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

from phonograph.graphs.drawing.vertices import Wire


def spread(
    widths: Mapping[str, float], wires: Sequence[Wire], hidden: Iterable[Wire], room: float
) -> dict[str, int]:
    """Return the row of each vertex, from 0.

    Args:
        widths: of every vertex.
        wires: those drawn.
        hidden: further ones.
        room: width of a row; a vertex that is wider has a row of its own.

    >>> wires = [Wire("a", "x", name) for name in "bcd"] + [Wire("c", "y", "e")]
    >>> spread(dict.fromkeys("abcde", 2.0), wires, (), room=4)
    {'a': 0, 'b': 1, 'c': 1, 'd': 2, 'e': 2}
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(widths)
    graph.add_edges_from((wire.source, wire.target) for wire in (*wires, *hidden))
    taken: dict[int, float] = {}
    level = _scheduled(graph, widths, room, taken)
    given: dict[str, set[str]] = {name: set() for name in widths}
    giving: dict[str, set[str]] = {name: set() for name in widths}
    for wire in wires:
        given[wire.target].add(wire.key)
        giving[wire.source].add(wire.target)
    for name in sorted(level, key=lambda name: -level[name]):
        # a vertex stands near those it feeds, unless that makes more wires longer than shorter
        if graph.pred[name] and giving[name] and len(given[name]) <= len(giving[name]):
            last = min(level[after] for after in graph.succ[name]) - 1
            while last > level[name] and taken.get(last, 0.0) + widths[name] > room:
                last -= 1
            taken[level[name]] -= widths[name]
            taken[last] = taken.get(last, 0.0) + widths[name]
            level[name] = last
    return {name: level[name] for name in widths}


def _scheduled(
    graph: nx.DiGraph, widths: Mapping[str, float], room: float, taken: dict[int, float]
) -> dict[str, int]:
    """Fill rows with what is ready; first come those with the longest way still to go."""
    order = {name: place for place, name in enumerate(widths)}
    to_go: dict[str, int] = {}
    for name in reversed(list(nx.topological_sort(graph))):
        to_go[name] = max((to_go[after] + 1 for after in graph.succ[name]), default=0)
    missing = {name: len(graph.pred[name]) for name in widths}
    ready = [name for name in widths if not missing[name]]
    level: dict[str, int] = {}
    row = 0
    while ready:
        waiting = []
        placed = []
        for name in sorted(ready, key=lambda name: (-to_go[name], order[name])):
            used = taken.get(row, 0.0)
            if used and used + widths[name] > room:
                waiting.append(name)
                continue
            taken[row] = used + widths[name]
            level[name] = row
            placed.append(name)
        for name in placed:
            for after in graph.succ[name]:
                missing[after] -= 1
                if not missing[after]:
                    waiting.append(after)
        ready, row = waiting, row + 1
    return level
