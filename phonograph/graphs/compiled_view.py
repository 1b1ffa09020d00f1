"""Compile a view: the tensor core into one `torch.fx.GraphModule`, the host tail into calls."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import fx, nn

from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View
from phonograph.types.declaration import Declaration
from phonograph.types.ports import grouped

Values = dict[PortName, Any]


@dataclass(frozen=True, slots=True)
class CompiledView:
    """A view that runs.

    Args:
        view: what was compiled.
        core: calls the owner's submodules; takes `core_inputs`, returns `core_outputs` as a tuple.
        core_inputs: ports the core takes, in order.
        core_outputs: ports the core returns, in order.
        tail: (node, module, its declaration), in order.
        networks: ports that carry a module -> that module.
    """

    view: View
    core: fx.GraphModule
    core_inputs: tuple[PortName, ...]
    core_outputs: tuple[PortName, ...]
    tail: tuple[tuple[str, Any, Declaration], ...]
    networks: Mapping[PortName, Any]

    def __call__(self, given: Mapping[PortName, Any]) -> Values:
        """Compute every output of the view.

        Args:
            given: a value for each of the view's inputs.

        Returns:
            values by port: the view's outputs, and whatever the tail needed.
        """
        values: Values = {port: given[port] for port in self.view.inputs}
        values |= self.networks
        results = self.core(*[values[port] for port in self.core_inputs])
        values.update(zip(self.core_outputs, results, strict=True))
        for name, module, declared in self.tail:
            arguments = {
                port: values[self.view.sources[PortName(name, port)]]
                for port in declared.ports.inputs
                if PortName(name, port) in self.view.sources
            }
            values.update(_named(name, declared, module(**grouped(arguments))))
        return values


def put_inside(root: nn.Module, name: str, module: nn.Module) -> None:
    """Make a module the child of another; `encoder.conv` stands inside of `encoder`."""
    *groups, last = name.split(".")
    for group in groups:
        if group not in dict(root.named_children()):
            root.add_module(group, nn.Module())
        root = root.get_submodule(group)
    root.add_module(last, module)


def compile_view(graph: SolvedGraph, view: View, modules: Mapping[str, Any]) -> CompiledView:
    """Compile a view over built modules, which are shared, not copied.

    Args:
        graph: the solved graph.
        view: the part to compile.
        modules: node -> built module.
    """
    to_core, to_tail = _sources_of(view, view.core), _sources_of(view, view.tail)
    core_inputs = [port for port in view.inputs if port in to_core]
    leaving = {*view.outputs, *to_tail}
    produced = [port for port in _produced(graph, view) if port in leaving]
    traced = fx.Graph()
    values: dict[PortName, fx.Node] = {
        port: traced.placeholder(f"{port.node}_{port.port}".replace(".", "_"))
        for port in core_inputs
    }
    for name in view.core:
        _call(traced, name, graph.nodes[name].declaration, view, values)
    traced.output(tuple(values[port] for port in produced))
    root = nn.Module()
    for name in view.core:
        put_inside(root, name, modules[name])
    return CompiledView(
        view=view,
        core=fx.GraphModule(root, traced, class_name=f"{view.name.capitalize()}Core"),
        core_inputs=tuple(core_inputs),
        core_outputs=tuple(produced),
        tail=tuple((n, modules[n], graph.nodes[n].declaration) for n in view.tail),
        networks={port: modules[port.node] for port in view.networks},
    )


def _sources_of(view: View, nodes: tuple[str, ...]) -> set[PortName]:
    chosen = set(nodes)
    return {source for target, source in view.sources.items() if target.node in chosen}


def _produced(graph: SolvedGraph, view: View) -> list[PortName]:
    return [
        PortName(name, port)
        for name in view.core
        for port in graph.nodes[name].declaration.ports.returned
    ]


def _call(
    traced: fx.Graph,
    name: str,
    declared: Declaration,
    view: View,
    values: dict[PortName, fx.Node],
) -> None:
    arguments: dict[str, fx.node.Argument] = {
        port: values[view.sources[PortName(name, port)]]
        for port in declared.ports.inputs
        if PortName(name, port) in view.sources
    }
    result = traced.call_module(name, kwargs=grouped(arguments))
    outputs = list(declared.ports.returned)
    if len(outputs) == 1:
        values[PortName(name, outputs[0])] = result
        return
    for index, port in enumerate(outputs):
        item = traced.call_function(operator.getitem, (result, index))
        values[PortName(name, port)] = item


def _named(name: str, declared: Declaration, result: Any) -> Values:
    outputs = list(declared.ports.returned)
    results = (result,) if len(outputs) == 1 else result
    return {PortName(name, port): value for port, value in zip(outputs, results, strict=True)}
