"""The JSON Schema of the section `train`, made from the signatures that its settings go to."""

from __future__ import annotations

import inspect
from dataclasses import MISSING
from typing import Any, get_type_hints

from phonograph.graphs.annotation_schema import AnnotationSchemas, Schema, or_later
from phonograph.training.optimizer_choice import OPTIMIZERS, optimizer_arguments
from phonograph.training.schedule import Schedule
from phonograph.training.settings import Settings
from phonograph.training.trainer_arguments import trainer_arguments, trainer_documentation
from phonograph.types.docstring import docstring_of, read_docstring

_PLAIN_SETTINGS = {
    "seed": 0,
    "cache": True,
    "threads": None,
    "monitor": None,
    "ema": None,
    "average": None,
}
"""Settings beside the optimizer, the schedule and the Trainer, with what they are when left out."""


def train_schema(schemas: AnnotationSchemas) -> Schema:
    """Describe the section `train`.

    Args:
        schemas: turns annotations into schemas, and collects the definitions.
    """
    documented, hints = docstring_of(Settings).arguments, get_type_hints(Settings)
    plain = {
        name: schemas.argument(hints[name], documented[name], default)
        for name, default in _PLAIN_SETTINGS.items()
    }
    train: Schema = {
        "type": ["object", "null"],
        "description": "How the graph is trained.",
        "properties": {
            "optimizer": _optimizer(schemas),
            "schedule": schemas.argument(Schedule | None, documented["schedule"]),
            "trainer": _trainer(schemas),
            **plain,
        },
        "additionalProperties": False,
    }
    return or_later(train)


def _optimizer(schemas: AnnotationSchemas) -> Schema:
    choices = []
    for name in OPTIMIZERS:
        named: Schema = {"properties": {"name": {"const": name}}}
        if name != "adamw":  # the one that is meant where none is named
            named["required"] = ["name"]
        arguments = {"name": True, **_arguments(name, schemas)}
        then = {"properties": arguments, "additionalProperties": False}
        choices.append({"if": named, "then": then})
    optimizer: Schema = {
        "type": ["object", "null"],
        "description": "A class of `torch.optim` or `novograd`, and its arguments.",
        "properties": {"name": {"enum": list(OPTIMIZERS), "default": "adamw"}},
        "allOf": choices,
    }
    return or_later(optimizer)


def _arguments(name: str, schemas: AnnotationSchemas) -> dict[str, Any]:
    signature = inspect.signature(OPTIMIZERS[name]).parameters
    documented = read_docstring(inspect.cleandoc(OPTIMIZERS[name].__doc__ or "")).arguments
    described = {}
    for argument, annotation in optimizer_arguments(name).items():
        default = signature[argument].default
        told = MISSING if default is inspect.Parameter.empty else default
        described[argument] = schemas.argument(annotation, default=told)
        if text := documented.get(argument):
            described[argument]["description"] = text
    return described


def _trainer(schemas: AnnotationSchemas) -> Schema:
    documented = read_docstring(trainer_documentation()).arguments
    arguments = {}
    for name, annotation in trainer_arguments().items():
        arguments[name] = schemas.of(annotation)
        if text := documented.get(name):
            arguments[name] |= {"description": text}
    trainer: Schema = {
        "type": ["object", "null"],
        "description": "Arguments of Lightning's Trainer.",
        "properties": arguments,
        "additionalProperties": False,
    }
    return or_later(trainer)
