"""What Lightning's Trainer takes, read from its source: importing it would take seconds."""

from __future__ import annotations

import ast
from functools import lru_cache, reduce
from importlib.util import find_spec
from operator import or_
from pathlib import Path
from types import GenericAlias, MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES: Mapping[str, Any] = MappingProxyType(
    {
        "int": int,
        "float": float,
        "str": str,
        "bool": bool,
        "None": type(None),
        "_PRECISION_INPUT": int | str,
        "_LITERAL_WARN": str,
    }
)

OWNED: Mapping[str, str] = MappingProxyType(
    {
        "barebones": "it turns off what writes the run directory",
        "callbacks": "phonograph brings its own",
        "default_root_dir": "the run directory is given to `phonograph train`",
        "enable_autolog_hparams": "the run directory has the whole graph in lock.json",
        "enable_checkpointing": "best.phono and last.phono are always written",
        "enable_model_summary": "`phonograph show` prints the graph with its sizes",
        "enable_progress_bar": "there is a progress bar wherever there is a terminal",
        "fast_dev_run": "write `max_steps: 1` to try a graph out",
        "logger": "metrics.jsonl and tensorboard/ are always written",
        "model_registry": "the results are files of the run directory",
        "num_sanity_val_steps": "`phonograph check` proves the graph before training",
        "overfit_batches": "give the data layer a small manifest instead",
        "plugins": "they are Python objects; a graph is plain data",
        "reload_dataloaders_every_n_epochs": "each epoch is dealt anew from the seed",
        "use_distributed_sampler": "the data layer deals batches to all processes",
    }
)
"""Arguments that are phonograph's own affair, and why."""


@lru_cache(maxsize=1)
def trainer_arguments() -> Mapping[str, Any]:
    """Return the Trainer's arguments that a graph may give -> what plain values they accept.

    >>> trainer_arguments()["max_epochs"], "callbacks" in trainer_arguments()
    (int | None, False)
    """
    constructor = _constructor()
    return {
        argument.arg: _annotation(argument.annotation)
        for argument in constructor.args.kwonlyargs
        if argument.arg not in OWNED
    }


def trainer_documentation() -> str:
    """Return what Lightning says of the Trainer's arguments."""
    return ast.get_docstring(_constructor()) or ""


def _constructor() -> ast.FunctionDef:
    found = find_spec("pytorch_lightning")
    assert found is not None
    assert found.submodule_search_locations is not None
    source = Path(found.submodule_search_locations[0]) / "trainer" / "trainer.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    trainer = next(node for node in classes if node.name == "Trainer")
    methods = (node for node in trainer.body if isinstance(node, ast.FunctionDef))
    return next(node for node in methods if node.name == "__init__")


def _annotation(node: ast.expr | None) -> Any:
    """Keep the plain part of an annotation; anything goes where nothing of it is plain."""
    plain = _plain_types(node)
    return reduce(or_, plain) if plain else Any


def _plain_types(node: ast.expr | None) -> list[Any]:
    match node:
        case ast.Name(id=name) if name in _TYPES:
            return [_TYPES[name]]
        case ast.Constant(value=None):
            return [type(None)]
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return [*_plain_types(inner), type(None)]
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=choices)):
            return [plain for choice in choices for plain in _plain_types(choice)]
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return [GenericAlias(list, (kind,)) for kind in _plain_types(inner)[:1]]
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, item])):
            inside = (*_plain_types(key)[:1], *_plain_types(item)[:1])
            return [GenericAlias(dict, inside)] if len(inside) == 2 else []
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _plain_types(left) + _plain_types(right)
    return []
