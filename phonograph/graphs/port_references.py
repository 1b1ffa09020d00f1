"""Find every `node.port` that a graph's data names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from phonograph.graphs.compose import Trail

_IN_VIEWS = ("run", "feed", "score")


def port_references(data: Mapping[str, Any]) -> Iterator[tuple[Trail, str]]:
    """Yield the trail and the text of each: under `from`, in views, and what a composite gives.

    >>> graph = {"modules": {"a": {"from": "b.c"}}, "views": {"v": {"run": ["a.d"]}}}
    >>> list(port_references(graph))
    [(('modules', 'a', 'from'), 'b.c'), (('views', 'v', 'run', 0), 'a.d')]
    """
    for name, node in _entries(data.get("modules")):
        if isinstance(node, dict):
            yield from _texts(node.get("from"), ("modules", name, "from"))
    for name, view in _entries(data.get("views")):
        for key in _IN_VIEWS:
            if isinstance(view, dict):
                yield from _texts(view.get(key), ("views", name, key))
    expose = data.get("expose")
    if isinstance(expose, dict):
        yield from _texts(expose.get("outputs"), ("expose", "outputs"))


def put_reference(data: Any, trail: Trail, text: str) -> None:
    """Write another `node.port` at the trail of one."""
    *way, last = trail
    for key in way:
        data = data[key]
    data[last] = text


def _entries(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _texts(value: Any, trail: Trail) -> Iterator[tuple[Trail, str]]:
    match value:
        case str():
            yield trail, value
        case dict():
            for key, inner in value.items():
                yield from _texts(inner, (*trail, key))
        case list():
            for index, inner in enumerate(value):
                yield from _texts(inner, (*trail, index))
