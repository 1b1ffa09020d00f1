"""Read nodes that were written for an older version of their module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from phonograph.errors import Diagnostic
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document
from phonograph.graphs.spec import GraphSpec, NodeSpec, PortName, ViewSpec
from phonograph.types.migration import Migration, refuse_both
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
    document = replace(
        spec.document, marks=dict(spec.document.marks), folders=dict(spec.document.folders)
    )
    nodes = dict(spec.nodes)
    outputs: dict[PortName, PortName] = {}
    for node in spec.nodes.values():
        steps = _steps(node, registry)
        if isinstance(steps, str):
            if node.use is None:  # else it is told of its owner
                place = spec.document.place("modules", node.name, "version")
                help = "install the version of the package that wrote it, or a newer one"
                faults.append(Diagnostic("PG046", steps, place, help=help))
            nodes[node.name] = replace(node, module="", unclear=True)
            continue
        try:
            for step in steps:
                nodes[node.name] = _migrated(nodes[node.name], step, document)
        except ValueError as error:
            if node.use is None:
                message = f"`{node.name}` is written for version {node.version} of {node.module}"
                place = spec.document.place("modules", node.name, "version")
                faults.append(Diagnostic("PG046", f"{message}: {error}", place))
            nodes[node.name] = replace(node, module="", unclear=True)
            continue
        _rename_outputs(outputs, node.name, steps)
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
    unknown = node.module not in registry or registry.fault_of(node.module)
    if node.version is None or unknown:
        return []
    registration = registry.load(node.module).registration
    now, then = registration.version, node.version
    written = f"`{node.name}` is written for version {then} of {node.module}"
    if then > now:
        return f"{written}; version {now} is installed"
    if then < 1 or any(version not in registration.migrations for version in range(then, now)):
        return f"{written}, from which nothing leads to version {now}"
    return [registration.migrations[version] for version in range(then, now)]


def _migrated(node: NodeSpec, step: Migration, document: Document) -> NodeSpec:
    top = ("modules", node.name)
    refuse_both(step.inputs, {item_of(key)[0] for key in node.sources if key is not None})
    for below, names in (("with", step.parameters), ("from", step.inputs)):
        _move(document.marks, (*top, below), names)
        _move(document.folders, (*top, below), names)
    sources = {_renamed_input(key, step.inputs): one for key, one in node.sources.items()}
    return replace(node, sources=sources, parameters=step.renamed(node.parameters))


def _renamed_input(key: str | None, inputs: Mapping[str, str]) -> str | None:
    if key is None:
        return None
    name, item = item_of(key)
    new = inputs.get(name, name)
    return new if item is None else f"{new}.{item}"


def _move(entries: dict[Trail, Value], top: Trail, names: Mapping[str, str]) -> None:
    """Bring what stands at the old names of keys below a trail to the new ones."""
    depth = len(top)
    moved = {
        (*top, names[str(trail[depth])], *trail[depth + 1 :]): value
        for trail, value in entries.items()
        if trail[:depth] == top and len(trail) > depth and trail[depth] in names
    }
    entries.update(moved)


def _rename_outputs(
    outputs: dict[PortName, PortName], node: str, steps: Iterable[Migration]
) -> None:
    names: dict[str, str] = {}
    for step in steps:
        later = {old: step.outputs.get(new, new) for old, new in names.items()}
        names = {**step.outputs, **later}
    for old, new in names.items():
        outputs[PortName(node, old)] = PortName(node, new)


def _with_outputs(spec: GraphSpec, outputs: Mapping[PortName, PortName]) -> GraphSpec:
    def real(port: PortName) -> PortName:
        return outputs.get(port, port)

    nodes = {
        name: replace(node, sources={key: real(one) for key, one in node.sources.items()})
        for name, node in spec.nodes.items()
    }
    views = {name: _view_with(view, real) for name, view in spec.views.items()}
    exposed = {
        str(real(PortName(*text.rsplit(".", 1)))): place
        for text, place in spec.document.exposed.items()
    }
    document = replace(spec.document, exposed=exposed)
    return replace(spec, nodes=nodes, views=views, document=document)


def _view_with(view: ViewSpec, real: Callable[[PortName], PortName]) -> ViewSpec:
    return replace(
        view,
        run=tuple(map(real, view.run)),
        feed=tuple(map(real, view.feed)),
        score={metric: (real(a), real(b)) for metric, (a, b) in view.score.items()},
    )
