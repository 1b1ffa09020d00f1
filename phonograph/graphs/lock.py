"""The lock: a graph's solved, explicit form as plain data, the same bytes for the same meaning."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import networkx as nx

from phonograph.graphs.document import Document
from phonograph.graphs.parameters import to_plain
from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.spec import SCHEMA_VERSION, PortName, ViewSpec
from phonograph.graphs.views import without_lengths
from phonograph.types.ports import grouped

_BEFORE_VERSIONS = {"asr.log_mel": 2, "asr.recurrent": 2}
"""Which version a module had when locks began to say it; of all others it was 1."""


def to_lock(graph: SolvedGraph) -> dict[str, Any]:
    """Write a solved graph with every parameter and wire spelt out; paths are left out."""
    wiring = graph.wiring.graph
    return {
        "phonograph": SCHEMA_VERSION,
        "name": graph.name,
        "modules": {
            name: _node(graph, graph.nodes[name])
            for name in nx.lexicographical_topological_sort(wiring)
        },
        "views": {name: _view(graph, view) for name, view in sorted(graph.spec.views.items())},
    }


def read_lock(lock: Any, name: str) -> Document:
    """Turn a lock back into a document that can be checked and solved.

    Locks that say no versions of their modules were written for those of that time.
    """
    modules = lock.get("modules") if isinstance(lock, dict) else None
    if not isinstance(modules, dict):
        return Document(name, Path(), lock, {})
    dated = {
        node: {"version": _BEFORE_VERSIONS.get(str(written["module"]), 1), **written}
        if isinstance(written, dict) and "module" in written
        else written
        for node, written in modules.items()
    }
    return Document(name, Path(), {**lock, "modules": dated}, {})


def fingerprint(lock: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits that identify what a lock says.

    >>> fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})
    True
    """
    canonical = json.dumps(lock, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _node(graph: SolvedGraph, node: SolvedNode) -> dict[str, Any]:
    sources = {port: graph.wiring.source_of(PortName(node.name, port)) for port in node.inputs}
    registration = node.declaration.registration
    written: dict[str, Any] = {"module": registration.id, "version": registration.version}
    if node.use is not None:
        written = {"use": node.use}
    if any(sources.values()):
        written["from"] = grouped({port: str(one) for port, one in sources.items() if one})
    if node.use is None:
        written["with"] = _in_order({n: to_plain(value) for n, value in node.parameters.items()})
    if node.only:
        written["only"] = node.only
    return written


def _in_order(value: Any) -> Any:
    """Sort the keys of mappings: in which order they were written means nothing."""
    match value:
        case dict():
            return {key: _in_order(value[key]) for key in sorted(value)}
        case list():
            return [_in_order(item) for item in value]
    return value


def _view(graph: SolvedGraph, view: ViewSpec) -> dict[str, Any]:
    written: dict[str, Any] = {"run": [str(port) for port in view.run]}
    if view.feed:
        written["feed"] = [str(port) for port in without_lengths(graph, view.feed)]
    if view.split:
        written["split"] = view.split
    if view.score:
        first, *rest = view.score.items()  # training keeps what is best by the first
        written["score"] = {m: [str(a), str(b)] for m, (a, b) in (first, *sorted(rest))}
    return written
