"""`use: encoder`: a second node with the module and the weights of another."""

from __future__ import annotations

from dataclasses import replace

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.spec import GraphSpec, NodeSpec


def follow_uses(spec: GraphSpec) -> tuple[GraphSpec, list[Diagnostic]]:
    """Give every node that uses another the settings of the one that owns the weights.

    Returns:
        the graph, in which each `use` names an owner; and the uses that lead nowhere.
    """
    faults: dict[str, Diagnostic] = {}
    nodes = dict(spec.nodes)
    for node in spec.nodes.values():
        if node.use is None:
            continue
        owner = _owner(spec, node)
        if isinstance(owner, Diagnostic):
            faults.setdefault(owner.message, owner)
            nodes[node.name] = replace(node, use=None, unclear=True)
            continue
        nodes[node.name] = replace(
            node,
            use=owner.name,
            module=owner.module,
            parameters=owner.parameters,
            version=owner.version,
        )
    return replace(spec, nodes=nodes), list(faults.values())


def _owner(spec: GraphSpec, node: NodeSpec) -> NodeSpec | Diagnostic:
    seen = [node.name]
    while node.use is not None:
        if node.use in seen:
            circle = _circle(seen[seen.index(node.use) :], list(spec.nodes))
            place = spec.document.place("modules", circle[0], "use")
            return Diagnostic("PG045", f"`use` runs in a circle: {' -> '.join(circle)}", place)
        if node.use not in spec.nodes:
            place = spec.document.place("modules", node.name, "use")
            help = nearest(node.use, [name for name in spec.nodes if name not in seen])
            return Diagnostic("PG045", f"there is no node `{node.use}` to use", place, help=help)
        seen.append(node.use)
        node = spec.nodes[node.use]
    return node


def _circle(members: list[str], nodes: list[str]) -> list[str]:
    """Spell a circle the same way from wherever it is entered: from its first node on."""
    start = members.index(min(members, key=nodes.index))
    return [*members[start:], *members[:start], members[start]]
