"""A built graph: one plain `nn.Module` that owns every weight, and the views over it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import torch
from torch import nn

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.build_limit import bounded_build
from phonograph.graphs.compiled_view import CompiledView, compile_view, put_inside
from phonograph.graphs.parameters import is_open
from phonograph.graphs.shapes_only import ShapesOnly
from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.views import View, plan_view
from phonograph.types.declaration import Parameter
from phonograph.types.part import build_parts
from phonograph.types.vocabulary import Vocabulary


class Model:
    """A solved graph with its modules.

    Args:
        graph: the solved graph.
        modules: node -> built module or data layer.

    Attributes:
        module: a plain `nn.Module` with one child a node; the keys of its state_dict are
            `node.parameter`.
    """

    def __init__(self, graph: SolvedGraph, modules: dict[str, Any]) -> None:
        self.graph = graph
        self.modules = modules
        self.module = nn.Module()
        for name, built in modules.items():
            if isinstance(built, nn.Module) and graph.owner(name) == name:
                put_inside(self.module, name, built)
        self._compiled: dict[str, CompiledView] = {}

    def view(self, name: str) -> CompiledView:
        """Return a view by its name in YAML, compiled once.

        Raises:
            GraphError: the graph has no such view.
        """
        if name not in self._compiled:
            self._compiled[name] = self.compile(self.plan(name))
        return self._compiled[name]

    def plan(self, name: str) -> View:
        """Return what a view consists of, without compiling it.

        Raises:
            GraphError: the graph has no such view.
        """
        if name not in self.graph.spec.views:
            have = ", ".join(f"`{view}`" for view in self.graph.spec.views) or "none"
            place = self.graph.spec.document.key_place("views")
            message = f"the graph has no view `{name}`"
            raise GraphError(Diagnostic("PG043", message, place, help=f"it has {have}"))
        return plan_view(self.graph, name)

    def compile(self, view: View) -> CompiledView:
        """Compile any part of the graph over the same modules."""
        return compile_view(self.graph, view, self.modules)

    @property
    def data_node(self) -> SolvedNode | None:
        """The data layer's node, if the graph has one."""
        sources = (node for node in self.graph.nodes.values() if node.declaration.is_source)
        return next(sources, None)

    def parameter_counts(self) -> dict[str, int]:
        """Return the number of weights of each node, buffers not counted."""
        return {
            name: sum(weight.numel() for weight in built.parameters())
            if isinstance(built, nn.Module)
            else 0
            for name, built in self.modules.items()
        }


def build(graph: SolvedGraph, device: str = "cpu") -> Model:
    """Call every constructor with its solved arguments.

    Args:
        graph: a graph without faults.
        device: where weights are made; `meta` makes shapes without memory.

    Raises:
        GraphError: a constructor refused its arguments; all that did are reported.
    """
    return _build(graph, graph.nodes.values(), device)


def sketch(graph: SolvedGraph) -> Model:
    """Build what is known of a graph, without memory; nodes that wait for a `???` are left out.

    Args:
        graph: a graph without faults, parts of which may be left open.

    Raises:
        GraphError: as `build`.
    """
    return _build(graph, [node for node in graph.nodes.values() if not is_waiting(node)], "meta")


def build_node(graph: SolvedGraph, node: SolvedNode) -> Any:
    """Build one node alone, such as the data layer of a graph whose network is not wanted.

    Args:
        graph: a graph without faults.
        node: one of its nodes, all of whose arguments are known.

    Raises:
        GraphError: its constructor refused its arguments.
    """
    built = _constructed(graph, node)
    if isinstance(built, Diagnostic):
        raise GraphError(built)
    return built


def is_waiting(node: SolvedNode) -> bool:
    """Whether a node cannot be built before a `???` is given; an open path keeps nobody waiting."""
    return any(
        _is_unknown(parameter, node.parameters[name])
        for name, parameter in node.declaration.parameters.items()
    )


def _is_unknown(parameter: Parameter, value: Any) -> bool:
    if Path in (parameter.annotation, *get_args(parameter.annotation)):
        return False
    if parameter.annotation is Vocabulary and not isinstance(value, Vocabulary):
        return True
    return is_open(value) or (parameter.required and value is None)


def _build(graph: SolvedGraph, nodes: Iterable[SolvedNode], device: str) -> Model:
    modules: dict[str, Any] = {}
    faults: list[Diagnostic] = []
    with ShapesOnly() if device == "meta" else torch.device(device):
        for node in nodes:
            built = _constructed(graph, node) if node.use is None else None
            if isinstance(built, Diagnostic):
                faults.append(built)
            elif built is not None:
                modules[node.name] = built
    if faults:
        raise GraphError(faults)
    shared = {node.name: modules[node.use] for node in nodes if node.use in modules}
    return Model(graph, {n: m for n in graph.nodes if (m := (modules | shared).get(n)) is not None})


def _constructed(graph: SolvedGraph, node: SolvedNode) -> Any:
    """Call a constructor; return what it made, or why it refused."""
    try:
        with bounded_build(node.parameters):
            return node.declaration.cls(**build_parts(node.parameters))
    except (ValueError, OverflowError, RuntimeError) as error:
        # torch raises the latter two for sizes beyond all memory
        return _refusal(graph, node, error)


def _refusal(graph: SolvedGraph, node: SolvedNode, error: Exception) -> Diagnostic:
    """Point at the parameter that the constructor's message names, if it names one."""
    document, top = graph.spec.document, ("modules", node.name)
    written = [trail for trail in document.marks if trail[:3] == (*top, "with")]
    names = [tuple(name.split(".")) for name in re.findall(r"`([\w.]+)`", str(error))]
    named = [trail for name in names for trail in written if trail[3:][-len(name) :] == name]
    place = document.place(*named[0]) if named else document.key_place(*top)
    return Diagnostic("PG015", f"`{node.name}` ({node.declaration.id}): {error}", place)
