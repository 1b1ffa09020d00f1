"""The graph as written: nodes, wires, views and settings."""

from __future__ import annotations

from collections.abc import Mapping
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
        sources: where inputs come from; the key None stands for "the one input that fits".
        parameters: what is written under `with`.
        only: the one view in which the node exists, or None for all.
        unclear: whether a part of it could not be read, so that nothing more is concluded from it;
            `module` is empty where not even that could be read.
    """

    name: str
    module: str
    sources: Mapping[str | None, PortName]
    parameters: Mapping[str, Any]
    only: str | None = None
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
