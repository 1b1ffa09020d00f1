"""Types and defaults of parameters, as a person who writes YAML would say them."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from phonograph.types.vocabulary import Vocabulary

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


def type_in_words(annotation: Any) -> str:
    """Write an annotation in words.

    >>> type_in_words(int | None), type_in_words(Literal["relu", "silu"])
    ('whole number or nothing', 'relu or silu')
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(map(type_in_words, inner))
    if origin is Literal:
        return " or ".join(map(value_in_yaml, inner))
    if origin in (list, tuple, Sequence):
        return f"list of {type_in_words(inner[0])}"
    if is_dataclass(annotation) and annotation is not Vocabulary:
        return "mapping"
    name = getattr(origin or annotation, "__name__", "")
    return _WORDS.get(name, f"module ({name})" if isinstance(annotation, type) else name)


def value_in_yaml(value: Any) -> str:
    """Write a default as it would stand in YAML; of settings, what differs from the defaults below.

    >>> value_in_yaml((1, 2.5)), value_in_yaml(None), value_in_yaml("")
    ('[1, 2.5]', 'nothing', '""')
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return value or '""'
        case list() | tuple():
            return f"[{', '.join(map(value_in_yaml, value))}]"
        case Mapping():
            inner = (f"{key}: {value_in_yaml(item)}" for key, item in value.items())
            return "{" + ", ".join(inner) + "}"
    if is_dataclass(value):
        apart = _set_apart(value)
        return value_in_yaml(apart) if apart else "as below"
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_classes(annotation: Any) -> Iterator[type]:
    """Give the classes of settings that a value of this type may hold, not those inside them."""
    if annotation is Vocabulary:
        return
    if is_dataclass(annotation):
        assert isinstance(annotation, type)
        yield annotation
        return
    for inner in get_args(annotation):
        yield from settings_classes(inner)


def settings_of(cls: Any) -> Iterator[tuple[str, Any, Any]]:
    """Give name, annotation and default of each setting; `dataclasses.MISSING` without one."""
    hints = get_type_hints(cls)
    for field in fields(cls):
        factory = field.default_factory
        yield field.name, hints[field.name], field.default if factory is MISSING else factory()


def _set_apart(value: Any) -> dict[str, Any]:
    """Return the settings that differ from their class's own defaults."""
    defaults = {name: default for name, _, default in settings_of(type(value))}
    given = {name: getattr(value, name) for name in defaults}
    return {name: item for name, item in given.items() if item != defaults[name]}
