"""All about one module: ports, parameters, sources, lines to paste."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass
from typing import TYPE_CHECKING, Any

from phonograph.cli.module_example import python_example, yaml_example
from phonograph.cli.module_groups import group_of
from phonograph.cli.module_types import (
    settings_classes,
    settings_of,
    type_in_words,
    value_in_yaml,
)
from phonograph.types.docstring import docstring_of
from phonograph.types.value_range import range_in

if TYPE_CHECKING:
    from phonograph.types.declaration import Declaration, Parameter
    from phonograph.types.kinds import Kind

SHORT_CELL = 24
"""Columns beside a type for what holds when it is left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, or one of the settings inside it.

    Args:
        name: as written in YAML, with dots between a mapping and its settings.
        type: in words.
        range: of a number, or empty.
        left_out: what holds when it is left out.
        text: meaning and unit.
        required: whether it has to be written.
    """

    name: str
    type: str
    range: str
    left_out: str
    text: str
    required: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "type": self.type,
            "required": self.required,
            "when_left_out": self.left_out,
            "range": self.range,
            "text": self.text,
        }


def page(declaration: Declaration, columns: int, plugin: str | None = None) -> str:
    """Write all about one module.

    Args:
        declaration: the module.
        columns: of a line, at least 60.
        plugin: the distribution that it comes from, or None for one that ships.
    """
    documented = docstring_of(declaration.cls)
    version, group = declaration.registration.version, group_of(declaration).partition(":")[0]
    source = f", of the plugin {plugin}" if plugin else ""
    lines = [f"{declaration.id} (version {version}, {group}{source})"]
    for paragraph in documented.prose:
        if not paragraph.endswith(":"):  # it leads to an example
            lines += ["", *_wrapped(paragraph, columns)]
    for title, kinds in (("takes", declaration.ports.inputs), ("gives", declaration.ports.outputs)):
        if kinds:
            lines += ["", title, *_ports(declaration, kinds)]
    rows = list(parameter_rows(declaration))
    if rows:
        lines += ["", "with: type, and what holds when left out", *_table(rows, columns)]
    for title, settings in settings_rows(declaration):
        lines += ["", *_wrapped(title, columns), *_table(settings, columns)]
    lines += _paste(declaration)
    if documented.papers:
        lines += ["", "from", *(f"  {paper}" for paper in documented.papers)]
    lines += ["", f"source: {inspect.getsourcefile(declaration.cls)}"]
    return "\n".join(lines)


def to_json(declaration: Declaration, plugin: str | None = None) -> dict[str, Any]:
    """Return all about one module as plain data."""
    documented = docstring_of(declaration.cls)
    yaml, recipe = yaml_example(declaration)
    return {
        "id": declaration.id,
        "version": declaration.registration.version,
        "group": group_of(declaration),
        "plugin": plugin,
        "summary": declaration.summary,
        "doc": inspect.getdoc(declaration.cls) or "",
        "parameters": [row.to_json() for row in parameter_rows(declaration)],
        "settings": {
            title: [row.to_json() for row in rows] for title, rows in settings_rows(declaration)
        },
        "inputs": _ports_json(declaration.ports.inputs),
        "outputs": _ports_json(declaration.ports.outputs),
        "random": declaration.registration.random,
        "papers": list(documented.papers),
        "yaml": yaml,
        "recipe": recipe,
        "python": python_example(declaration.cls),
        "source": inspect.getsourcefile(declaration.cls),
    }


def parameter_rows(declaration: Declaration) -> Iterator[Row]:
    """Give a row for each parameter."""
    texts = docstring_of(declaration.cls).arguments
    for parameter in declaration.parameters.values():
        text = texts.get(parameter.name, "")
        solved = _is_solved(declaration, parameter)
        yield Row(
            name=parameter.name,
            type=type_in_words(parameter.annotation),
            range=str(range_in(text) or ""),
            left_out=_left_out(parameter, solved=solved),
            text=text,
            required=parameter.required and not solved,
        )


def settings_rows(declaration: Declaration) -> Iterator[tuple[str, list[Row]]]:
    """Give the settings of each parameter that is a mapping or a list of them, and those inside."""
    waiting = [(p.name, p.annotation) for p in declaration.parameters.values()]
    told: set[type] = set()
    while waiting:
        name, annotation = waiting.pop(0)
        for cls in settings_classes(annotation):
            if cls in told:
                continue
            told.add(cls)
            rows = list(_settings(cls))
            if rows:
                yield f"{name}: {_uncapitalized(docstring_of(cls).summary)}", rows
            waiting += [(f"{name}.{inner}", kind) for inner, kind, _ in settings_of(cls)]


def _settings(cls: type) -> Iterator[Row]:
    texts = docstring_of(cls).arguments
    for name, annotation, default in settings_of(cls):
        required = default is MISSING
        text = texts.get(name, "")
        yield Row(
            name=name,
            type=type_in_words(annotation),
            range=str(range_in(text) or ""),
            left_out="must be given" if required else value_in_yaml(default),
            text=text,
            required=required,
        )


def _table(rows: Iterable[Row], columns: int) -> Iterator[str]:
    rows = list(rows)
    kinds = [_kind(row) for row in rows]
    named = max(len(row.name) for row in rows) + 4
    room = columns - named - SHORT_CELL
    typed = max((len(kind) for kind in kinds if len(kind) <= room), default=0) + 2
    for row, kind in zip(rows, kinds, strict=True):
        start = f"  {row.name}".ljust(named)
        if len(kind) <= room and len(row.left_out) <= columns - named - typed:
            yield f"{start}{kind.ljust(typed)}{row.left_out}"
        else:
            beside = f"{kind}; when left out: {row.left_out}"
            yield textwrap.fill(
                beside, columns, initial_indent=start, subsequent_indent=" " * named
            )
        yield from _wrapped(row.text, columns, 6)


def _kind(row: Row) -> str:
    return f"{row.type}, {row.range}" if row.range else row.type


def _ports(declaration: Declaration, kinds: Mapping[str, Kind]) -> Iterator[str]:
    named = max(map(len, kinds)) + 2
    typed = max(len(str(kind)) for kind in kinds.values()) + 2
    for name, kind in kinds.items():
        optional = ", may stay unwired" if name in declaration.optional else ""
        yield f"  {name.ljust(named)}{str(kind).ljust(typed)}{_axes(kind)}{optional}".rstrip()


def _paste(declaration: Declaration) -> list[str]:
    yaml, recipe = yaml_example(declaration)
    of = f", as in {recipe}" if recipe else ""
    lines = ["", f"in YAML{of}", *(f"  {line}" for line in yaml.splitlines())]
    python = python_example(declaration.cls)
    return [*lines, "", "in Python", *(f"  {line}".rstrip() for line in python.splitlines())]


def _wrapped(text: str, columns: int, indent: int = 0) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(text, columns, initial_indent=margin, subsequent_indent=margin)


def _uncapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]


def _ports_json(kinds: Mapping[str, Kind]) -> list[dict[str, str]]:
    return [{"name": name, "kind": str(kind), "axes": kind.axes} for name, kind in kinds.items()]


def _axes(kind: Kind) -> str:
    from phonograph.types.kinds import Lengths

    return f"{kind.axes} (lengths of {kind.of})" if isinstance(kind, Lengths) else kind.axes


def _left_out(parameter: Parameter, *, solved: bool) -> str:
    if solved:
        default = "" if parameter.required else f", else {value_in_yaml(parameter.default)}"
        return f"solved from the wires{default}"
    return "must be given" if parameter.required else value_in_yaml(parameter.default)


def _is_solved(declaration: Declaration, parameter: Parameter) -> bool:
    from phonograph.graphs.equations import unknowns_of

    return parameter.name in {unknown.name for unknown in unknowns_of("", declaration)}
