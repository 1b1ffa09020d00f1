"""Turn YAML values into what a constructor's annotations ask for; the signature is the schema."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from phonograph.errors import nearest
from phonograph.types.vocabulary import Vocabulary

GIVEN_LATER = "???"


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a value does not fit, and the trail of keys below the parameter where it fails."""

    trail: tuple[str | int, ...]
    message: str
    help: str = ""


def convert(value: Any, annotation: Any, folder: Path, trail: tuple[str | int, ...] = ()) -> Any:
    """Convert a YAML value to an annotated type; return a `Misfit` when it does not fit.

    Args:
        value: plain data.
        annotation: a type from a signature.
        folder: what relative paths are relative to.
        trail: where in the parameter the value stands.

    >>> convert(1, float, Path())
    1.0
    >>> convert("80", int, Path()).message
    'wants a whole number, got the text "80"'
    """
    if annotation is Any or value == GIVEN_LATER:
        return value
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
    if origin in (dict, Mapping) or annotation in (dict, Mapping):
        fits = isinstance(value, dict)
        return value if fits else Misfit(trail, f"wants a mapping, got {shown(value)}")
    if is_dataclass(annotation) and annotation is not Vocabulary:
        return _dataclass(value, annotation, folder, trail)
    return _plain(value, annotation, folder, trail)


def to_plain(value: Any) -> Any:
    """Turn a converted value back into plain data for a lock; paths become None.

    >>> to_plain((1, Path("a")))
    [1, None]
    """
    match value:
        case Path():
            return None
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
    match value:
        case str():
            return f'the text "{value}"'
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
    value: Any, choices: tuple[Any, ...], folder: Path, trail: tuple[str | int, ...]
) -> Any:
    if value is None and type(None) in choices:
        return None
    misfits = []
    for choice in choices:
        if choice is not type(None):
            result = convert(value, choice, folder, trail)
            if not isinstance(result, Misfit):
                return result
            misfits.append(result)
    return max(misfits, key=lambda misfit: len(misfit.trail))


def _sequence(
    value: Any, origin: Any, arguments: tuple[Any, ...], folder: Path, trail: tuple[str | int, ...]
) -> Any:
    if not isinstance(value, list):
        return Misfit(trail, f"wants a list, got {shown(value)}")
    inner = arguments[0] if arguments else Any
    items = [convert(item, inner, folder, (*trail, i)) for i, item in enumerate(value)]
    misfit = next((item for item in items if isinstance(item, Misfit)), None)
    if misfit:
        return misfit
    return tuple(items) if origin is tuple else items


def _dataclass(value: Any, annotation: Any, folder: Path, trail: tuple[str | int, ...]) -> Any:
    if not isinstance(value, dict):
        return Misfit(trail, f"wants a mapping of settings, got {shown(value)}")
    hints = get_type_hints(annotation)
    known = {field.name: field for field in fields(annotation)}
    for key in value:
        if key not in known:
            return Misfit((*trail, key), f"has no setting `{key}`", nearest(key, list(known)))
    needed = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in needed if name not in value]:
        return Misfit(trail, f"lacks the setting `{missing[0]}`")
    built = {k: convert(item, hints[k], folder, (*trail, k)) for k, item in value.items()}
    misfit = next((item for item in built.values() if isinstance(item, Misfit)), None)
    return misfit or _constructed(annotation, built, trail)


def _constructed(annotation: Any, built: dict[str, Any], trail: tuple[str | int, ...]) -> Any:
    try:
        return annotation(**built)
    except ValueError as error:
        return Misfit(trail, f"does not fit: {error}")


def _vocabulary(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, dict) and set(value) == {"size", "fingerprint", "tokenizer"}:
        return Vocabulary(value["size"], value["fingerprint"], value["tokenizer"])
    return None


_PLAIN: dict[Any, tuple[str, Callable[[Any], bool], Callable[[Any], Any]]] = {
    int: ("a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool), int),
    float: ("a number", lambda v: isinstance(v, int | float) and not isinstance(v, bool), float),
    bool: ("true or false", lambda v: isinstance(v, bool), bool),
    str: ("text", lambda v: isinstance(v, str), str),
    Path: ("a path", lambda v: isinstance(v, str), Path),
    Vocabulary: ("a vocabulary", lambda v: _vocabulary(v) is not None, _vocabulary),
}


def _plain(value: Any, annotation: Any, folder: Path, trail: tuple[str | int, ...]) -> Any:
    if annotation not in _PLAIN:
        message = (
            f"cannot be given in YAML (its type is {getattr(annotation, '__name__', annotation)})"
        )
        return Misfit(trail, message)
    wanted, fits, build = _PLAIN[annotation]
    if not fits(value):
        return Misfit(trail, f"wants {wanted}, got {shown(value)}")
    return folder / Path(value).expanduser() if annotation is Path else build(value)
