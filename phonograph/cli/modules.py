"""`phonograph modules`: what a graph can be made of."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import typer

from phonograph.cli.graph_argument import AsJson
from phonograph.cli.screen import print_table, say, say_json, start_table, tell
from phonograph.errors import Diagnostic, GraphError, nearest
from phonograph.types.vocabulary import Vocabulary

if TYPE_CHECKING:
    from rich.table import Table

    from phonograph.types.declaration import Declaration, Parameter
    from phonograph.types.kinds import Kind
    from phonograph.types.registry import Registry


def modules(
    id: Annotated[str | None, typer.Argument(metavar="ID", help="Tell all about one.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List what a graph can be made of.

    Examples:
      phonograph modules
      phonograph modules asr.log_mel
    """
    from phonograph.collections import default_registry

    registry = default_registry()
    if id is not None:
        _tell_one(registry, _declaration(registry, id), as_json=as_json)
        return
    declared, faults = registry.load_all()
    if as_json:
        say_json([_to_json(registry, declaration) for declaration in declared])
    else:
        for declaration in declared:
            plugin = registry.plugins.get(declaration.id)
            source = f" ({plugin})" if plugin else ""
            say(f"{declaration.id:23} {declaration.summary}{source}")
        say("\nAll about one: phonograph modules ID")
    if faults:
        tell(faults)


def _declaration(registry: Registry, id: str) -> Declaration:
    if id not in registry:
        raise GraphError(
            Diagnostic("PG010", f"unknown module `{id}`", help=nearest(id, registry.ids))
        )
    return registry.load(id)


def _tell_one(registry: Registry, declaration: Declaration, *, as_json: bool) -> None:
    if as_json:
        say_json(_to_json(registry, declaration))
        return
    plugin = registry.plugins.get(declaration.id)
    source = f", of the plugin {plugin}" if plugin else ""
    say(f"{declaration.id} (version {declaration.registration.version}{source})\n")
    say(inspect.getdoc(declaration.cls) or "")
    table = start_table("parameter", "type", "when left out")
    for parameter in declaration.parameters.values():
        left_out = _left_out(declaration, parameter)
        table.add_row(parameter.name, _type(parameter.annotation), left_out)
    say()
    print_table(table)
    for title, kinds in (("takes", declaration.ports.inputs), ("gives", declaration.ports.outputs)):
        if kinds:
            say()
            print_table(_port_table(title, kinds))
    say(f"\nsource: {inspect.getsourcefile(declaration.cls)}")


def _port_table(title: str, kinds: Mapping[str, Kind]) -> Table:
    table = start_table(title, "kind", "axes")
    for name, kind in kinds.items():
        table.add_row(name, str(kind), _axes(kind))
    return table


def _to_json(registry: Registry, declaration: Declaration) -> dict[str, Any]:
    return {
        "id": declaration.id,
        "version": declaration.registration.version,
        "plugin": registry.plugins.get(declaration.id),
        "summary": declaration.summary,
        "doc": inspect.getdoc(declaration.cls) or "",
        "parameters": [
            {
                "name": parameter.name,
                "type": _type(parameter.annotation),
                "required": parameter.required and not _is_solved(declaration, parameter),
                "when_left_out": _left_out(declaration, parameter),
            }
            for parameter in declaration.parameters.values()
        ],
        "inputs": _ports(declaration.ports.inputs),
        "outputs": _ports(declaration.ports.outputs),
        "random": declaration.registration.random,
        "source": inspect.getsourcefile(declaration.cls),
    }


def _ports(kinds: Mapping[str, Kind]) -> list[dict[str, str]]:
    return [{"name": name, "kind": str(kind), "axes": kind.axes} for name, kind in kinds.items()]


def _axes(kind: Kind) -> str:
    from phonograph.types.kinds import Lengths

    return f"{kind.axes} (lengths of {kind.of})" if isinstance(kind, Lengths) else kind.axes


def _left_out(declaration: Declaration, parameter: Parameter) -> str:
    if _is_solved(declaration, parameter):
        default = "" if parameter.required else f", else {_value(parameter.default)}"
        return f"solved from the wires{default}"
    return "must be given" if parameter.required else _value(parameter.default)


def _is_solved(declaration: Declaration, parameter: Parameter) -> bool:
    from phonograph.graphs.equations import unknowns_of

    return parameter.name in {unknown.name for unknown in unknowns_of("", declaration)}


def _value(value: Any) -> str:
    """Write a default as it would stand in YAML."""
    if is_dataclass(value):
        settings = ((field.name, getattr(value, field.name)) for field in fields(value))
        return "{" + ", ".join(f"{name}: {_value(inner)}" for name, inner in settings) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else str(value)


def _type(annotation: Any) -> str:
    """Write an annotation as a person who writes YAML would say it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_type, inner))
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin in (list, tuple, Sequence):
        return f"list of {_type(inner[0])}"
    if is_dataclass(annotation) and annotation is not Vocabulary:
        return "mapping of " + ", ".join(field.name for field in fields(annotation))
    name = getattr(origin or annotation, "__name__", "")
    return _WORDS.get(name, name)


_WORDS = {
    "int": "whole number",
    "float": "number",
    "str": "text",
    "bool": "true or false",
    "Path": "path",
    "NoneType": "nothing",
    "Mapping": "mapping",
    "dict": "mapping",
    "Vocabulary": "vocabulary",
    "Any": "anything",
}
