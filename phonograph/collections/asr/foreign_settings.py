"""A foreign configuration that remembers what was read of it, so that nothing is passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, overload

from phonograph.errors import Diagnostic, Place
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document, parse_document
from phonograph.graphs.parameters import shown

UNSUPPORTED = "PB031"

_REQUIRED = float("nan")
"""Stands for no default."""
_MOST = 1 << 63

Ours = TypeVar("Ours")


@dataclass(slots=True)
class _Record:
    """What all sections of one configuration share."""

    document: Document
    read: set[Trail] = field(default_factory=set)
    opened: set[Trail] = field(default_factory=set)
    faults: dict[Trail, Diagnostic] = field(default_factory=dict)


class Settings:
    """A section of a configuration; what nobody read in the end is a fault.

    A translator reads every setting that it honours, ignores those without effect on results,
    and refuses values it cannot honour. It never stops at a fault: every method gives a value to go
    on with, so that all faults of a configuration are told at once.

    A key that is absent gives the default, which is what the writer of the configuration takes
    for it. A key that is written as null gives None from `value`, False from `flag`, and what
    `choice` has for None; `number` and `text` take it where their default is None and refuse it
    elsewhere.

    Args:
        document: the whole configuration.

    >>> settings = read_settings("encoder: {layers: 2, norm: batch, act: relu, depth: 1, x: null}")
    >>> encoder = settings.section("encoder")
    >>> encoder.number("layers", 16), encoder.number("dropout", 0.1)
    (2, 0.1)
    >>> encoder.choice("norm", {"batch": "batch_norm", "layer": "layer_norm"}, "batch")
    'batch_norm'
    >>> encoder.choice("act", {"swish": "silu"}, "swish")
    'silu'
    >>> for fault in settings.faults():
    ...     print(fault.message)
    `encoder.act` is the text "relu", which is not supported
    `encoder.depth` is not supported
    """

    def __init__(self, document: Document) -> None:
        self._record = _Record(document)
        self._trail: Trail = ()
        self._record.opened.add(())

    def __contains__(self, key: str) -> bool:
        """Whether a key is written; asking does not count as reading."""
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        """Walk over the written keys; that does not count as reading."""
        return iter(self._data)

    def keys(self) -> list[str]:
        """Return the written keys; asking does not count as reading."""
        return list(self._data)

    def peek(self, key: str) -> Any:
        """Return a setting, None where it is not written; that does not count as reading."""
        return self._data.get(key)

    def value(self, key: str, default: Any = None) -> Any:
        """Return a setting as plain data, with all that is below it."""
        self.ignore(key)
        return self._data.get(key, default)

    @overload
    def number(self, key: str) -> int: ...
    @overload
    def number(self, key: str, default: int) -> int: ...
    @overload
    def number(self, key: str, default: float) -> float: ...
    @overload
    def number(self, key: str, default: None) -> float | None: ...
    def number(self, key: str, default: float | None = _REQUIRED) -> float | None:
        """Return a number, a whole one where the default is whole or there is none.

        A setting without a default that is not written is refused, and 1 stands in.
        """
        whole = default is _REQUIRED or isinstance(default, int)
        found = self.value(key, default)
        if found is default and found is not _REQUIRED:
            return default
        # neither infinite nor no number, which nothing can be rounded to or counted by
        if isinstance(found, int | float) and not isinstance(found, bool) and abs(found) < _MOST:
            if not whole:
                return found if default is None else float(found)
            if float(found).is_integer():
                return int(found)
        self._unfit(key, found, "a whole number is wanted" if whole else "a number is wanted")
        return 1 if default is _REQUIRED else default

    def flag(self, key: str, default: bool) -> bool:  # noqa: FBT001  # read like the others
        """Return true or false; null is false."""
        found = self.value(key, default)
        if found is None or isinstance(found, bool):
            return bool(found)
        self._unfit(key, found, "true or false is wanted")
        return default

    @overload
    def text(self, key: str, default: str) -> str: ...
    @overload
    def text(self, key: str, default: None) -> str | None: ...
    def text(self, key: str, default: str | None) -> str | None:
        """Return a text."""
        found = self.value(key, default)
        if found is default or isinstance(found, str):
            return found
        self._unfit(key, found, "a text is wanted")
        return default

    def choice(self, key: str, choices: Mapping[Any, Ours], default: Any) -> Ours:
        """Return our word for one of theirs.

        Args:
            key: the setting.
            choices: their word -> ours; all that are supported.
            default: their word where none is written, one of the choices.
        """
        found = self.value(key, default)
        for theirs, ours in choices.items():
            if found == theirs and type(found) is type(theirs):
                return ours
        self._unfit(key, found, f"supported: {_listed(choices)}")
        return choices[default]

    def section(self, key: str) -> Settings:
        """Return a mapping below this one; an absent one and null are empty."""
        found = self._data.get(key)
        if found is not None and not isinstance(found, dict):
            self.ignore(key)
            self._unfit(key, found, "a mapping is wanted")
        return self._below(key)

    def sections(self, key: str) -> list[Settings]:
        """Return the mappings of a list; an absent one and null are empty."""
        found = self._data.get(key)
        items = found if isinstance(found, list) else []
        self._record.opened.add((*self._trail, key))
        if (found is not None and not isinstance(found, list)) or not all(
            isinstance(item, dict) for item in items
        ):
            self.ignore(key)
            self._unfit(key, found, "a list of mappings is wanted")
            return []
        return [self._below(key, number) for number in range(len(items))]

    def refuse(self, key: str, why: str) -> None:
        """Report a setting whose value cannot be honoured; say why in a few words."""
        self.ignore(key)
        message = f"`{self.name(key)}`: {why}"
        self._report(message, key)

    def ignore(self, *keys: str) -> None:
        """Note settings that have no effect on results, or only in training."""
        self._record.read.update((*self._trail, key) for key in keys)

    def place(self, key: str) -> Place:
        """Return where a setting stands, or the section that lacks it."""
        return self._record.document.key_place(*self._trail, key)

    def name(self, key: str = "") -> str:
        """Return the whole name of a setting, such as `encoder.jasper.0.filters`."""
        return ".".join(map(str, (*self._trail, *([key] if key else []))))

    def faults(self) -> list[Diagnostic]:
        """Return everything reported in any section and what nobody read, in order of place."""
        record = self._record
        unread = [
            self._diagnosed(f"`{_dotted(trail)}` is not supported", trail)
            for trail in _unread(record.document.data, (), record)
        ]
        return sorted([*record.faults.values(), *unread], key=_position)

    @property
    def sound(self) -> bool:
        """Whether nothing in this section was reported so far."""
        start = len(self._trail)
        return not any(trail[:start] == self._trail for trail in self._record.faults)

    @property
    def _data(self) -> Mapping[str, Any]:
        found = self._record.document.data
        for step in self._trail:
            match found, step:
                case dict(), _:
                    found = found.get(step)
                case list(), int():
                    found = found[step]
                case _:
                    return {}
        return found if isinstance(found, dict) else {}

    def _below(self, *steps: str | int) -> Settings:
        below = Settings(self._record.document)
        below._record = self._record
        below._trail = (*self._trail, *steps)
        self._record.opened.add(below._trail)
        return below

    def _unfit(self, key: str, found: Any, wanted: str) -> None:
        if key in self:
            message = f"`{self.name(key)}` is {shown(found)}, which is not supported"
            self._report(message, key, wanted)
        else:
            self._report(f"`{self.name(key)}` is missing", key, wanted)

    def _report(self, message: str, key: str, wanted: str = "") -> None:
        trail = (*self._trail, key)
        # a setting that two ask for is told once
        self._record.faults.setdefault(trail, self._diagnosed(message, trail, wanted))

    def _diagnosed(self, message: str, trail: Trail, wanted: str = "") -> Diagnostic:
        place = self._record.document.key_place(*trail)
        return Diagnostic(UNSUPPORTED, message, place, causes=(wanted,) if wanted else ())


def read_settings(text: str, name: str = "configuration") -> Settings:
    """Read a configuration.

    Args:
        text: YAML.
        name: what the user knows it by.

    Raises:
        GraphError: it is no plain YAML, or passes a bound.

    >>> read_settings("a: {b: 1}").section("a").number("b")
    1
    """
    return Settings(parse_document(text, name, Path()))


def _unread(data: Any, trail: Trail, record: _Record) -> list[Trail]:
    """Name what nobody read or ignored; what is null or empty says nothing."""
    if trail in record.read or data in (None, {}, []):
        return []
    if trail not in record.opened:
        return [trail]
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    return [found for key, value in inside for found in _unread(value, (*trail, key), record)]


def _position(fault: Diagnostic) -> tuple[int, int]:
    return (fault.place.line, fault.place.column) if fault.place else (0, 0)


def _dotted(trail: Trail) -> str:
    return ".".join(map(str, trail))


def _listed(words: Sequence[Any] | Mapping[Any, Any]) -> str:
    return ", ".join("null" if word is None else f"{word}" for word in words)
