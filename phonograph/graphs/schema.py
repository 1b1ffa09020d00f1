"""The JSON Schema of a graph file, made from the signatures of the registered modules."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import MISSING
from typing import Any

from phonograph.graphs.annotation_schema import LATER, AnnotationSchemas, Schema, or_later
from phonograph.graphs.spec import SCHEMA_VERSION
from phonograph.types.declaration import Declaration
from phonograph.types.docstring import docstring_of
from phonograph.types.registry import Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_PORT: Schema = {
    "type": "string",
    "pattern": rf"^[^.\s]+(\.[^.\s]+)+$|{LATER}",
    "description": "A node and its output, such as `mel.features`.",
}
_PORTS: Schema = or_later({"type": ["array", "null"], "items": {"$ref": "#/$defs/port"}})
_NAMES: Schema = {"type": ["array", "string", "null"], "items": {"type": "string"}}
_LATER: Schema = {"type": "string", "pattern": LATER}
_COMPOSITE = r"(\.ya?ml$)|(^phonograph://)"


def graph_schema(
    registry: Registry,
    schemas: AnnotationSchemas,
    *,
    train: Schema,
    metrics: Collection[str],
) -> Schema:
    """Describe a graph file (JSON Schema, draft 2020-12).

    What a schema accepts is not proved: sizes, kinds and wires are the affair of `check`. All that
    `check` accepts, it accepts too.

    Args:
        registry: the modules that may be named.
        schemas: turns annotations into schemas; has the definitions that `train` refers to.
        train: schema of the section `train`.
        metrics: names that `score` may use.
    """
    definitions = {
        "port": _PORT,
        "source": _source(),
        "node": _node(registry),
        "view": _view(metrics),
        "init": _init(),
        "train": train,
    }
    for one in registry.load_all()[0]:  # a plugin that is broken is told where it is used
        definitions[f"with {one.id}"] = _parameters(one, schemas)
    return {
        "$schema": DIALECT,
        "title": "phonograph graph",
        "type": "object",
        "properties": _top(),
        "required": ["phonograph"],
        "anyOf": [{"required": ["modules"]}, {"required": ["extends"]}],
        "additionalProperties": False,
        "$defs": {**definitions, **schemas.definitions},
    }


def _top() -> Schema:
    node, view = {"$ref": "#/$defs/node"}, {"$ref": "#/$defs/view"}
    return {
        "phonograph": {"const": SCHEMA_VERSION, "description": "Version of the schema."},
        "name": {"type": "string", "description": "Names the run directory too."},
        "extends": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": "Recipes or files to start from; what is written here changes them.",
        },
        "vars": {
            "type": ["object", "null"],
            "description": "Values that others refer to: `${vars.root}/train.jsonl`.",
        },
        "modules": {
            "type": "object",
            "description": "The nodes of the graph; `name: null` takes one out.",
            "additionalProperties": node,
            "propertyNames": {"pattern": r"^[^\W\d]\w*(\.[^\W\d]\w*)*$"},
        },
        "expose": _expose(),
        "views": or_later(
            {
                "type": ["object", "null"],
                "description": "One set of weights, several graphs.",
                "additionalProperties": view,
            }
        ),
        "init": {"$ref": "#/$defs/init"},
        "train": {"$ref": "#/$defs/train"},
    }


def _expose() -> Schema:
    outputs = {"type": "object", "additionalProperties": {"$ref": "#/$defs/port"}}
    inputs = {"type": "object", "additionalProperties": {"$ref": "#/$defs/source"}}
    return {
        "type": "object",
        "description": "The ports that a composite shows to the graph that uses it.",
        "properties": {"inputs": inputs, "outputs": outputs},
        "additionalProperties": False,
    }


def _source() -> Schema:
    ports = {"type": "array", "items": {"$ref": "#/$defs/port"}}
    return {"anyOf": [{"$ref": "#/$defs/port"}, ports]}


def _node(registry: Registry) -> Schema:
    declared, _ = registry.load_all()
    given = {"type": ["object", "null"], "description": "The module's parameters."}
    version = {"type": ["integer", "null"], "minimum": 1, "description": "The module's version."}
    node: Schema = {
        "type": ["object", "null"],
        "properties": {
            "module": _module(declared),
            "from": {
                "description": "Where inputs come from; lengths come along with their tensor.",
                "anyOf": [
                    {"$ref": "#/$defs/source"},
                    {"type": "object", "additionalProperties": {"$ref": "#/$defs/source"}},
                    {"type": "null"},
                ],
            },
            "with": or_later(given),
            "only": {
                "type": ["string", "null"],
                "description": "The one view in which the node exists.",
            },
            "use": {
                "type": ["string", "null"],
                "description": "Another node, whose weights are shared.",
            },
            "version": or_later(version),
        },
        "additionalProperties": False,
        "allOf": [_if_module(declaration) for declaration in declared],
    }
    return or_later(node)


def _module(declared: Collection[Declaration]) -> Schema:
    ids = [{"const": one.id, "description": one.summary} for one in declared]
    composite = {"type": "string", "pattern": _COMPOSITE, "description": "A composite's file."}
    return {"description": "What the node is.", "anyOf": [*ids, composite, _LATER]}


def _if_module(declaration: Declaration) -> Schema:
    ports = {
        name: {"$ref": "#/$defs/source", "description": f"{kind} [{kind.axes}]"}
        for name, kind in declaration.ports.inputs.items()
    }
    given: Schema = {"type": "object", "properties": ports, "additionalProperties": False}
    sources = {"anyOf": [{"$ref": "#/$defs/source"}, given, {"type": "null"}]}
    then = {"from": sources, "with": {"$ref": f"#/$defs/with {declaration.id}"}}
    return {
        "if": {"properties": {"module": {"const": declaration.id}}, "required": ["module"]},
        "then": {"properties": then},
    }


def _parameters(declaration: Declaration, schemas: AnnotationSchemas) -> Schema:
    documented = docstring_of(declaration.cls)
    properties = {}
    for name, parameter in declaration.parameters.items():
        default = MISSING if parameter.default is inspect.Parameter.empty else parameter.default
        text = documented.arguments.get(name, "")
        properties[name] = schemas.argument(parameter.annotation, text, default)
    whole: Schema = {
        "type": ["object", "null"],
        "description": documented.summary,
        "properties": properties,
        "additionalProperties": False,
    }
    return or_later(whole)


def _view(metrics: Collection[str]) -> Schema:
    pair: Schema = {
        "type": "array",
        "prefixItems": [{"$ref": "#/$defs/port"}, {"$ref": "#/$defs/port"}],
        "minItems": 2,
        "maxItems": 2,
        "description": "The port with the hypotheses, and the one with the references.",
    }
    score: Schema = {
        "type": ["object", "null"],
        "properties": dict.fromkeys(sorted(metrics), or_later(pair)),
        "additionalProperties": False,
        "description": "What to measure; the first score chooses the best checkpoint.",
    }
    view: Schema = {
        "type": ["object", "null"],
        "properties": {
            "run": {**_PORTS, "description": "Ports to compute."},
            "feed": {**_PORTS, "description": "Ports that are given in place of the data layer."},
            "split": {
                "anyOf": [{"enum": ["train", "validation", "test", None]}, _LATER],
                "description": "Which part of the data is read.",
            },
            "score": or_later(score),
        },
        "additionalProperties": False,
    }
    return or_later(view)


def _init() -> Schema:
    texts: Mapping[str, str] = {
        "include": "Nodes whose weights are taken, all when left out.",
        "exclude": "Nodes that start anew.",
        "freeze": "Nodes whose weights training leaves alone.",
    }
    lists: dict[str, Any] = {key: {**_NAMES, "description": text} for key, text in texts.items()}
    start = {"type": ["string", "null"], "description": "A checkpoint (*.phono) to start from."}
    init: Schema = {
        "type": ["object", "null"],
        "description": "The weights with which training starts; random ones without it.",
        "properties": {"from": start, **lists},
        "additionalProperties": False,
    }
    return or_later(init)
