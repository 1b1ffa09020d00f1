"""Which node may be meant by a name that no node has."""

from __future__ import annotations

from collections.abc import Mapping

from phonograph.errors import near_names, nearest
from phonograph.graphs.spec import NodeSpec


def near_node(name: str, nodes: Mapping[str, NodeSpec]) -> str:
    """Say which node may be meant: one of a like name, or the only one whose module has the name.

    Args:
        name: what was written in place of a node.
        nodes: those that there are, by name.

    >>> context = NodeSpec("context", "asr.recurrent", {}, {})
    >>> near_node("recurrent", {"context": context})
    'did you mean `context`? it is the `asr.recurrent`'
    >>> near_node("contxt", {"context": context})
    'did you mean `context`?'
    """
    known = list(nodes)
    called = [node for node in nodes.values() if node.module.rpartition(".")[2] == name]
    if len(called) == 1 and not near_names(name, known):
        return f"did you mean `{called[0].name}`? it is the `{called[0].module}`"
    return nearest(name, known)
