"""The JSON Schema of what a constructor's annotations accept in YAML."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from phonograph.graphs.parameters import to_plain
from phonograph.types.docstring import docstring_of
from phonograph.types.value_range import Range, range_in
from phonograph.types.vocabulary import Vocabulary

Schema = dict[str, Any]

LATER = r"^(\?\?\?|.*\$\{.*\}.*)$"
"""A value that is given later (`???`), or taken from elsewhere (`${path}`)."""


class AnnotationSchemas:
    """Turns annotations into schemas; classes of settings become definitions.

    Attributes:
        definitions: name -> schema of each class of settings met so far.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._names: dict[type, str] = {}

    def argument(self, annotation: Any, text: str = "", default: Any = MISSING) -> Schema:
        """Describe one argument.

        Args:
            annotation: its type.
            text: what its documentation says.
            default: what it is when left out.
        """
        schema = self.of(annotation)
        bounds = range_in(text)
        if bounds is not None and _is_number(schema):
            schema |= _limits(bounds)
        if text:
            schema["description"] = text
        if default is not MISSING and default is not None:
            schema["default"] = to_plain(default)
        return schema

    def of(self, annotation: Any) -> Schema:
        """Describe the values of a type; references and `???` are always accepted.

        >>> AnnotationSchemas().of(bool)["type"]
        ['boolean', 'string']
        """
        if annotation in _SIMPLE:
            return dict(_SIMPLE[annotation])
        if annotation is Vocabulary:
            return self.of(int | Mapping[str, Any])
        if is_dataclass(annotation):
            return {"anyOf": [self._settings(annotation), _LATER]}
        return self._compound(annotation)

    def _compound(self, annotation: Any) -> Schema:
        origin, inner = get_origin(annotation), get_args(annotation)
        if origin is Literal:
            return {"anyOf": [{"enum": list(inner)}, _LATER]}
        if origin in (Union, types.UnionType):
            return self._any_of(inner)
        if origin in (list, tuple, Sequence):
            return or_later(self._list(origin, inner))
        if origin in (dict, Mapping):
            return or_later({"type": "object", "additionalProperties": self.of(inner[1])})
        return {"anyOf": [_PART, _LATER]}

    def _any_of(self, choices: Sequence[Any]) -> Schema:
        schemas: list[Schema] = []
        for choice in choices:
            schema = self.of(choice)
            schemas += schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
        unlike = [schema for i, schema in enumerate(schemas) if schema not in schemas[:i]]
        return unlike[0] if len(unlike) == 1 else {"anyOf": unlike}

    def _list(self, origin: Any, inner: Sequence[Any]) -> Schema:
        if origin is tuple and inner[-1:] != (...,):
            items = [self._item(kind) for kind in inner]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
        return {"type": "array", "items": self._item(inner[0]) if inner else {}}

    def _item(self, annotation: Any) -> Schema:
        """An item of a list is written whole, so what it needs has to be there."""
        schema = self.of(annotation)
        if not is_dataclass(annotation):
            return schema
        needed = [field.name for field in fields(annotation) if _is_needed(field)]
        whole, later = schema["anyOf"]
        return {"anyOf": [{**whole, "required": needed} if needed else whole, later]}

    def _settings(self, cls: Any) -> Schema:
        if cls not in self._names:
            name = cls.__name__
            while name in self.definitions:
                name += "_"
            self._names[cls] = name
            self.definitions[name] = {}  # classes may hold themselves
            self.definitions[name] = self._settings_object(cls)
        return {"$ref": f"#/$defs/{self._names[cls]}"}

    def _settings_object(self, cls: Any) -> Schema:
        documented, hints = docstring_of(cls), get_type_hints(cls)
        properties = {
            field.name: self.argument(
                hints[field.name], documented.arguments.get(field.name, ""), _default(field)
            )
            for field in fields(cls)
        }
        return {
            "type": "object",
            "description": documented.summary,
            "properties": properties,
            "additionalProperties": False,
        }


_LATER: Schema = {"type": "string", "pattern": LATER}

_PART: Schema = {
    "type": "object",
    "properties": {"module": {"type": "string"}, "with": {"type": "object"}},
    "required": ["module"],
}
"""A part that is built from another module."""


def or_later(schema: Schema) -> Schema:
    """Accept `???` and references beside values that are no text."""
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*types, "string"], "pattern": LATER}


_SIMPLE: Mapping[Any, Schema] = {
    Any: {},
    object: {},
    str: {"type": "string"},
    Path: {"type": "string"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    int: or_later({"type": "integer"}),
    float: or_later({"type": "number"}),
    bool: or_later({"type": "boolean"}),
}


def _is_number(schema: Schema) -> bool:
    branches = schema.get("anyOf", [schema])
    return any({"integer", "number"} & set(branch.get("type", ())) for branch in branches)


def _limits(bounds: Range) -> Schema:
    least, most = map(_whole, (bounds.least, bounds.most))
    limits = {
        "exclusiveMinimum" if bounds.above else "minimum": least,
        "exclusiveMaximum" if bounds.below else "maximum": most,
    }
    return {name: limit for name, limit in limits.items() if limit is not None}


def _whole(bound: float | None) -> float | None:
    return int(bound) if bound is not None and bound == int(bound) else bound


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
