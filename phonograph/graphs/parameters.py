"""Turn YAML values into what a constructor's annotations ask for; the signature is the schema."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from phonograph.errors import Edit, Place, nearest
from phonograph.graphs.fixes import only_near, replaced, unquoted
from phonograph.graphs.scalars import scalar
from phonograph.types.part import Part
from phonograph.types.vocabulary import Vocabulary

GIVEN_LATER = "???"

Folder = Path | Callable[..., Path]
"""What relative paths are relative to: all of a value, or each by its trail."""

_TOO_LARGE = 1 << 40  # of tensors, and of seconds in samples
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a value does not fit, and the trail of keys below the parameter where it fails.

    Args:
        trail: keys and indices below the parameter.
        message: goes on from the parameter's name.
        help: what to write instead.
        key: whether the last key of the trail is at fault rather than its value.
        instead: the only text that can be meant in its place, where there is one.
    """

    trail: tuple[str | int, ...]
    message: str
    help: str = ""
    key: bool = False
    instead: str = ""

    def fix(self, place: Place) -> Edit | None:
        """Return the edit that writes what can only be meant, where that is certain."""
        if self.key:
            return replaced(place, str(self.trail[-1]), self.instead)
        return unquoted(place, self.instead)


def convert(value: Any, annotation: Any, folder: Folder, trail: tuple[str | int, ...] = ()) -> Any:
    """Convert a YAML value to an annotated type; return a `Misfit` when it does not fit.

    Args:
        value: plain data.
        annotation: a type from a signature.
        folder: what relative paths are relative to; or a function that tells it for the trail of a
            path inside the value, since parts of a value may come from several files.
        trail: where in the parameter the value stands.

    >>> convert(1, float, Path())
    1.0
    >>> convert("80", int, Path()).message
    'wants a whole number, got the text "80"'
    """
    if is_open(value) or annotation is Any:
        return GIVEN_LATER if is_open(value) else value
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _one_of(value, arguments, folder, trail)
    if origin is Literal:
        if value in arguments and type(value) in {type(a) for a in arguments}:
            return value
        choices = ", ".join(map(str, arguments))
        return Misfit(trail, f"wants one of {choices}; got {shown(value)}")
    if origin in (list, tuple, Sequence):
        return _sequence(value, origin, arguments, folder, trail)
    if origin in (dict, Mapping):
        return _mapping(value, arguments, folder, trail)
    if is_dataclass(annotation) and annotation is not Vocabulary:
        return _dataclass(value, annotation, folder, trail)
    return _plain(value, annotation, folder, trail)


def is_open(value: Any) -> bool:
    """Whether a value, or a part of it, is left for later.

    >>> is_open({"alphabet": "???"}), is_open("abc")
    (True, False)
    """
    match value:
        case dict():
            return any(map(is_open, value.values()))
        case list():
            return any(map(is_open, value))
        case Part():
            return any(map(is_open, value.parameters.values()))
    return isinstance(value, str) and value == GIVEN_LATER


def to_plain(value: Any) -> Any:
    """Turn a converted value back into plain data for a lock; paths become None.

    >>> to_plain((1, Path("a")))
    [1, None]
    """
    match value:
        case Path():
            return None
        case Part():
            id, version = value.declaration.id, value.declaration.registration.version
            return {"module": id, "version": version, "with": to_plain(value.parameters)}
        case Vocabulary():
            return {
                "size": value.size,
                "fingerprint": value.fingerprint,
                "tokenizer": to_plain(value.tokenizer),
            }
        case list() | tuple():
            return [to_plain(item) for item in value]
        case Mapping():
            return {key: to_plain(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    return value


def shown(value: Any) -> str:
    """Say in words what a value is, for messages.

    >>> shown("80"), shown(None), shown([1])
    ('the text "80"', 'nothing', 'a list')
    """
    match value:
        case str():
            return f'the text "{value}"' if len(value) <= _LONGEST_SHOWN else "a long text"
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list():
            return "a list"
    return str(value)


def _one_of(
    value: Any, choices: tuple[Any, ...], folder: Folder, trail: tuple[str | int, ...]
) -> Any:
    if value is None and type(None) in choices:
        return None
    misfits = []
    for choice in [choice for choice in choices if _is_tagged(choice, value)] or choices:
        if choice is not type(None):
            result = convert(value, choice, folder, trail)
            if not isinstance(result, Misfit):
                return result
            misfits.append(result)
    return max(misfits, key=lambda misfit: len(misfit.trail))


def _is_tagged(choice: Any, value: Any) -> bool:
    """Whether a mapping says by its `type` that this class of settings is meant."""
    if not (isinstance(value, dict) and isinstance(choice, type) and is_dataclass(choice)):
        return False
    tag = _hints(choice).get("type")
    return get_origin(tag) is Literal and value.get("type") in get_args(tag)


@lru_cache(maxsize=1024)
def _hints(annotation: Any) -> dict[str, Any]:
    return get_type_hints(annotation)


def _mapping(
    value: Any, arguments: tuple[Any, ...], folder: Folder, trail: tuple[str | int, ...]
) -> Any:
    if not isinstance(value, dict):
        return Misfit(trail, f"wants a mapping, got {shown(value)}")
    built = {key: convert(item, arguments[1], folder, (*trail, key)) for key, item in value.items()}
    return _first_misfit(built.values()) or built


def _sequence(
    value: Any,
    origin: Any,
    arguments: tuple[Any, ...],
    folder: Folder,
    trail: tuple[str | int, ...],
) -> Any:
    if not isinstance(value, list):
        help = "write it in brackets: [a, b]" if isinstance(value, str | int | float) else ""
        return Misfit(trail, f"wants a list, got {shown(value)}", help)
    if origin is tuple and arguments[-1:] != (...,):
        if len(value) != len(arguments):
            return Misfit(trail, f"wants a list of {len(arguments)}, got {len(value)}")
    else:
        arguments = arguments[:1] * len(value)
    items = [
        convert(item, inner, folder, (*trail, place))
        for place, (item, inner) in enumerate(zip(value, arguments, strict=True))
    ]
    return _first_misfit(items) or (tuple(items) if origin is tuple else items)


def _first_misfit(values: Iterable[Any]) -> Misfit | None:
    return next((value for value in values if isinstance(value, Misfit)), None)


def _dataclass(value: Any, annotation: Any, folder: Folder, trail: tuple[str | int, ...]) -> Any:
    if not isinstance(value, dict):
        return Misfit(trail, f"wants a mapping of settings, got {shown(value)}")
    hints = _hints(annotation)
    known = {field.name: field for field in fields(annotation)}
    for key in value:
        if key not in known:
            help = nearest(key, list(known))
            instead = only_near(key, list(known), taken=value)
            return Misfit((*trail, key), f"has no setting `{key}`", help, key=True, instead=instead)
    needed = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in needed if name not in value]:
        return Misfit(trail, f"lacks the setting `{missing[0]}`")
    built = {k: convert(item, hints[k], folder, (*trail, k)) for k, item in value.items()}
    return _first_misfit(built.values()) or _constructed(annotation, built, trail)


def _constructed(annotation: Any, built: dict[str, Any], trail: tuple[str | int, ...]) -> Any:
    try:
        return annotation(**built)
    except ValueError as error:
        named = [name for name in built if f"`{name}`" in str(error)]
        return Misfit((*trail, *named[:1]), f"does not fit: {error}")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _vocabulary(value: Any) -> Any:
    return value if _whole(value) else Vocabulary(**value)


def _is_vocabulary(value: Any) -> bool:
    match value:
        case {"size": size, "fingerprint": str(), "tokenizer": dict(), **more}:
            return _whole(size) and size > 0 and not more
    return _whole(value)


_PLAIN: dict[Any, tuple[str, Callable[[Any], bool], Callable[[Any], Any]]] = {
    int: ("a whole number", _whole, int),
    float: ("a number", lambda v: _whole(v) or isinstance(v, float), float),
    bool: ("true or false", lambda v: isinstance(v, bool), bool),
    str: ("text", lambda v: isinstance(v, str), str),
    Path: ("a path", lambda v: isinstance(v, str), Path),
    Vocabulary: ("a vocabulary", _is_vocabulary, _vocabulary),
}


def _plain(value: Any, annotation: Any, folder: Folder, trail: tuple[str | int, ...]) -> Any:
    if annotation not in _PLAIN:
        name = getattr(annotation, "__name__", annotation)
        return Misfit(trail, f"cannot be given in YAML (its type is {name})")
    wanted, fits, build = _PLAIN[annotation]
    number = value if _whole(value) or isinstance(value, float) else 0
    if math.isfinite(number) and abs(number) >= _TOO_LARGE:
        return Misfit(trail, "is too large a number")
    if not fits(value):
        unquoted = isinstance(value, str) and fits(scalar(value))
        help = f"write {value} without quotes" if unquoted else ""
        instead = value if unquoted else ""
        return Misfit(trail, f"wants {wanted}, got {shown(value)}", help, instead=instead)
    if annotation is not Path:
        return build(value)
    start = folder if isinstance(folder, Path) else folder(*trail)
    return start / Path(value).expanduser()
