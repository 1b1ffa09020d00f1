"""Choose weights by name: `encoder`, `encoder.layers.0`, `*.bias`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from torch import nn

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.model import Model

_MOST_GUESSES = 20


def matches(pattern: str, key: str) -> bool:
    """Whether a pattern names a weight: itself, something it is part of, or a shell-like pattern.

    >>> matches("encoder", "encoder.layers.0.weight"), matches("*.bias", "head.linear.bias")
    (True, True)
    >>> matches("enc", "encoder.layers.0.weight")
    False
    """
    return key == pattern or key.startswith(f"{pattern}.") or fnmatchcase(key, pattern)


def matches_any(patterns: Iterable[str], key: str) -> bool:
    """Whether any of the patterns names a weight."""
    return any(matches(pattern, key) for pattern in patterns)


def frozen_nodes(model: Model) -> frozenset[str]:
    """Return the nodes with weights, all of which `init.freeze` names."""
    patterns = model.graph.spec.init.get("freeze") or []
    frozen = set()
    for name, built in model.modules.items():
        keys = (
            [f"{model.graph.owner(name)}.{key}" for key, _ in built.named_parameters()]
            if _has_weights(built)
            else []
        )
        if keys and all(matches_any(patterns, key) for key in keys):
            frozen.add(name)
    return frozenset(frozen)


def init_faults(model: Model) -> list[Diagnostic]:
    """Return what is wrong with `init` as far as it shows without the checkpoint."""
    init = model.graph.spec.init
    if not init:
        return []
    document = model.graph.spec.document
    faults = []
    if not isinstance(init.get("from"), str):
        help = "write `from: path/to/model.phono`"
        message = "`init` must say which bundle to start `from`"
        faults.append(Diagnostic("PG050", message, document.place("init"), help=help))
    keys = list(model.module.state_dict())
    nodes = dict.fromkeys(model.graph.spec.split(key)[0] for key in keys)
    names = dict.fromkeys([*nodes, *keys, *(part for key in keys for part in _parts(key))])
    for setting in ("include", "exclude", "freeze"):
        patterns = init.get(setting) or []
        if not isinstance(patterns, list) or not all(isinstance(p, str) for p in patterns):
            message = f"`{setting}` must be a list of weight names such as [encoder, head.linear]"
            faults.append(Diagnostic("PG050", message, document.place("init", setting)))
            continue
        for index, pattern in enumerate(patterns):
            wild = any(letter in pattern for letter in "*?[")
            if pattern in names or (wild and any(fnmatchcase(key, pattern) for key in keys)):
                continue
            place = document.place("init", setting, index)
            message = f"`{pattern}` names no weight of this graph"
            known = [*nodes, *keys] if len(faults) < _MOST_GUESSES else []
            fix = nearest_fix(place, pattern, known, taken=patterns)
            help = nearest(pattern, known)
            faults.append(Diagnostic("PG051", message, place, help=help, fix=fix))
    return faults


def _parts(key: str) -> Iterator[str]:
    """Yield what a weight is part of: `encoder`, `encoder.layers`."""
    at = key.find(".")
    while at >= 0:
        yield key[:at]
        at = key.find(".", at + 1)


def _has_weights(built: object) -> bool:
    return isinstance(built, nn.Module)
