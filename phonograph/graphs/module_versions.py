"""Read nodes that were written for an older version of their module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from phonograph.errors import Diagnostic
from phonograph.graphs.compose import Mark, Trail
from phonograph.graphs.spec import GraphSpec, NodeSpec, PortName, ViewSpec
from phonograph.types.migration import Migration
from phonograph.types.ports import item_of
from phonograph.types.registry import Registry

Value = TypeVar("Value")


def migrate_modules(spec: GraphSpec, registry: Registry) -> tuple[GraphSpec, list[Diagnostic]]:
    """Return the graph as it would be written for the versions that are installed.

    Marks follow their values to the new names.

    Args:
        spec: as read.
        registry: the modules that are installed.
    """
    if all(node.version is None for node in spec.nodes.values()):
        return spec, []
    faults: list[Diagnostic] = []
    marks = dict(spec.document.marks)
    nodes = dict(spec.nodes)
    outputs: dict[PortName, PortName] = {}
    for node in spec.nodes.values():
        steps = _steps(node, registry)
        if isinstance(steps, str):
            place = spec.document.place("modules", node.name, "version")
            help = "install the version of the package that wrote it, or a newer one"
            faults.append(Diagnostic("PG046", steps, place, help=help))
            nodes[node.name] = replace(node, unclear=True)
            continue
        for step in steps:
            nodes[node.name] = _migrated(nodes[node.name], step, marks)
            for old, new in step.outputs.items():
                _rename_output(outputs, node.name, old, new)
    document = replace(spec.document, marks=marks)
    renamed = replace(spec, nodes=nodes, document=document)
    return (_with_outputs(renamed, outputs) if outputs else renamed), faults


def migrate_weights(
    spec: GraphSpec, registry: Registry, weights: Mapping[str, Value]
) -> dict[str, Value]:
    """Return weights by the names that the installed modules give them.

    Args:
        spec: the graph they were saved with; its nodes say for which versions.
        registry: the modules that are installed.
        weights: by `node.parameter`.
    """
    steps = {name: _steps(node, registry) for name, node in spec.nodes.items()}
    found: dict[str, Value] = {}
    for key, value in weights.items():
        name, rest = spec.split(key)
        new: str | None = rest
        for step in steps.get(name) or ():
            if isinstance(step, Migration) and new is not None:
                new = step.weight(new)
        if new is not None:
            found[f"{name}.{new}"] = value
    return found


def _steps(node: NodeSpec, registry: Registry) -> list[Migration] | str:
    """Return the migrations to the installed version, or why there are none."""
    if node.version is None or node.module not in registry:
        return []
    registration = registry.load(node.module).registration
    now, then = registration.version, node.version
    written = f"`{node.name}` is written for version {then} of {node.module}"
    if then > now:
        return f"{written}; version {now} is installed"
    if then < 1 or any(version not in registration.migrations for version in range(then, now)):
        return f"{written}, from which nothing leads to version {now}"
    return [registration.migrations[version] for version in range(then, now)]


def _migrated(node: NodeSpec, step: Migration, marks: dict[Trail, Mark]) -> NodeSpec:
    top = ("modules", node.name)
    for old, new in step.parameters.items():
        _move(marks, (*top, "with", old), (*top, "with", new))
    for old, new in step.inputs.items():
        _move(marks, (*top, "from", old), (*top, "from", new))
    sources = {_renamed_input(key, step.inputs): one for key, one in node.sources.items()}
    return replace(node, sources=sources, parameters=step.renamed(node.parameters))


def _renamed_input(key: str | None, inputs: Mapping[str, str]) -> str | None:
    if key is None:
        return None
    name, item = item_of(key)
    new = inputs.get(name, name)
    return new if item is None else f"{new}.{item}"


def _move(marks: dict[Trail, Mark], old: Trail, new: Trail) -> None:
    for trail in [trail for trail in marks if trail[: len(old)] == old]:
        marks[*new, *trail[len(old) :]] = marks[trail]


def _rename_output(outputs: dict[PortName, PortName], node: str, old: str, new: str) -> None:
    first = next((o for o, n in outputs.items() if n == PortName(node, old)), PortName(node, old))
    outputs[first] = PortName(node, new)


def _with_outputs(spec: GraphSpec, outputs: Mapping[PortName, PortName]) -> GraphSpec:
    def real(port: PortName) -> PortName:
        return outputs.get(port, port)

    nodes = {
        name: replace(node, sources={key: real(one) for key, one in node.sources.items()})
        for name, node in spec.nodes.items()
    }
    views = {name: _view_with(view, real) for name, view in spec.views.items()}
    return replace(spec, nodes=nodes, views=views)


def _view_with(view: ViewSpec, real: Callable[[PortName], PortName]) -> ViewSpec:
    return replace(
        view,
        run=tuple(map(real, view.run)),
        feed=tuple(map(real, view.feed)),
        score={metric: (real(a), real(b)) for metric, (a, b) in view.score.items()},
    )
