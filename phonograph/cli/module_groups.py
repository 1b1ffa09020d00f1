"""Groups in which modules are listed, told by what they take and give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonograph.types.declaration import Declaration
    from phonograph.types.kinds import Kind

DATA = "data"
SOUND = "sound to sound"
FRONT_ENDS = "front ends: sound to features"
AUGMENTATION = "augmentation"
ENCODERS = "encoders: features, or sound, to encoded frames"
PREDICTORS = "predictors: tokens to encoded prefixes"
HEADS = "heads: encoded frames to scores"
LOSSES = "losses"
DECODERS = "decoders: scores to text"
COMBINING = "combining"
POOLING = "pooling"
ADAPTERS = "adapters"
OTHERS = "others"

ORDER = (
    DATA,
    SOUND,
    FRONT_ENDS,
    AUGMENTATION,
    ENCODERS,
    PREDICTORS,
    COMBINING,
    POOLING,
    ADAPTERS,
    HEADS,
    LOSSES,
    DECODERS,
    OTHERS,
)

_BY_COLLECTION = {"combine": COMBINING, "pool": POOLING, "adapt": ADAPTERS}


def group_of(declaration: Declaration) -> str:
    """Return the group of a module."""
    from phonograph.types.kinds import (
        Audio,
        Encoded,
        Features,
        Frames,
        Hypotheses,
        Loss,
        Scores,
        Text,
        Tokens,
    )

    collection = declaration.id.partition(".")[0]
    if collection in _BY_COLLECTION:
        return _BY_COLLECTION[collection]
    if declaration.is_source:
        return DATA
    takes, gives = declaration.ports.inputs, declaration.ports.outputs
    rules: tuple[tuple[str, bool], ...] = (
        (LOSSES, _has(gives, Loss)),
        (DECODERS, _has(gives, Text, Hypotheses)),
        (HEADS, _has(gives, Scores)),
        (SOUND, _has(gives, Audio)),
        (FRONT_ENDS, _has(gives, Features) and _has(takes, Audio)),
        (AUGMENTATION, declaration.registration.random and _has(gives, Frames)),
        (PREDICTORS, _has(gives, Encoded) and _has(takes, Tokens)),
        (ENCODERS, _has(gives, Encoded)),
    )
    return next((group for group, holds in rules if holds), OTHERS)


def grouped(declarations: Iterable[Declaration]) -> Mapping[str, list[Declaration]]:
    """Sort modules into groups, in the order in which data flows; no group is empty."""
    found: dict[str, list[Declaration]] = {}
    for declaration in declarations:
        found.setdefault(group_of(declaration), []).append(declaration)
    return {group: found[group] for group in ORDER if group in found}


def _has(ports: Mapping[str, Kind], *kinds: type[Kind]) -> bool:
    return any(isinstance(kind, kinds) for kind in ports.values())
