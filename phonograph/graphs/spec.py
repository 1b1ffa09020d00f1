"""The graph as written: nodes, wires, views and settings."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from phonograph.graphs.document import Document

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class PortName:
    """`node.port`."""

    node: str
    port: str

    def __str__(self) -> str:
        return f"{self.node}.{self.port}"


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One entry under `modules`.

    Args:
        name: the node's name.
        module: the registry id.
        sources: where inputs come from; the key None stands for "the one input that fits", `x.0`
            for the first item of a list port `x`, `.0` for that of the only one.
        parameters: what is written under `with`.
        only: the one view in which the node exists, or None for all.
        use: the node whose module and weights this one shares, or None.
        version: the module's version that the settings are written for, or None for the newest.
        unclear: whether a part of it could not be read, so that nothing more is concluded from it;
            `module` is empty where not even that could be read.
    """

    name: str
    module: str
    sources: Mapping[str | None, PortName]
    parameters: Mapping[str, Any]
    only: str | None = None
    use: str | None = None
    version: int | None = None
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """One entry under `views`.

    Args:
        name: the view's name.
        run: ports to compute.
        feed: ports that are given; empty means that the data layer gives its own.
        split: which part of the data it reads, or None.
        score: metric -> (hypothesis port, reference port).
    """

    name: str
    run: tuple[PortName, ...]
    feed: tuple[PortName, ...] = ()
    split: str | None = None
    score: Mapping[str, tuple[PortName, PortName]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """A whole graph as written.

    Args:
        name: the graph's name.
        nodes: nodes by name, in the order written.
        views: views by name.
        init: the settings under `init`, empty when training starts from random weights.
        train: the settings under `train`.
        document: where everything stands.
    """

    name: str
    nodes: Mapping[str, NodeSpec]
    views: Mapping[str, ViewSpec]
    init: Mapping[str, Any]
    train: Mapping[str, Any]
    document: Document

    def split(self, text: str) -> tuple[str, str]:
        """Split `node.name` where the node ends: names of nodes and of items may have dots."""
        return split_after_node(text, self.nodes)


def split_after_node(text: str, nodes: Container[str]) -> tuple[str, str]:
    """Return the node that a dotted text starts with, and what comes after it.

    >>> split_after_node("encoder.conv.weight", {"encoder.conv": 1, "head": 2})
    ('encoder.conv', 'weight')
    """
    ends = [place for place, letter in enumerate(text) if letter == "."]
    end = next((end for end in ends if text[:end] in nodes), ends[0] if ends else len(text))
    return text[:end], text[end + 1 :]
