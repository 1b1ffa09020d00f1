"""Changes between two plain values, as far inside as they differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from phonograph.graphs.parameters import to_plain
from phonograph.types.vocabulary import Vocabulary


class Absent(Enum):
    """Stands where one side has nothing at all."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs.

    Args:
        what: keys separated by dots, such as `block.kernel`.
        before: plain data, or ABSENT.
        after: plain data, or ABSENT.
        origin: where the new value was written, or `default`; empty where nobody wrote it.
    """

    what: str
    before: Any
    after: Any
    origin: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data; a side that has nothing is left out."""
        sides = {"before": self.before, "after": self.after}
        told = {key: value for key, value in sides.items() if value is not ABSENT}
        return {"what": self.what, **told, **({"origin": self.origin} if self.origin else {})}


def changes(before: Any, after: Any, what: str = "") -> Iterator[Change]:
    """Compare two values of plain data; mappings are compared key by key.

    >>> [str(change.what) for change in changes({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})]
    ['a.c']
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            inside = f"{what}.{key}" if what else str(key)
            yield from changes(before.get(key, ABSENT), after.get(key, ABSENT), inside)
    elif not _same(before, after):
        yield Change(what, before, after)


def comparable(value: Any, *, paths: bool) -> Any:
    """Turn a constructor's argument into plain data.

    Args:
        value: an argument as a solved graph holds it.
        paths: whether paths count; a bundle has none.

    >>> comparable((1, Path("a")), paths=True), comparable(Path("a"), paths=False)
    ([1, 'a'], None)
    """
    match value:
        case Path():
            return str(value) if paths else None
        case Vocabulary():
            return str(value)
        case list() | tuple():
            return [comparable(item, paths=paths) for item in value]
        case Mapping():
            return {key: comparable(item, paths=paths) for key, item in value.items()}
    inside = settings_in(value)
    return to_plain(value) if inside is None else comparable(inside, paths=paths)


def settings_in(value: Any) -> dict[str, Any] | None:
    """Return the fields of a group of settings, None for any other value."""
    if not is_dataclass(value):
        return None
    inside = {field.name: getattr(value, field.name) for field in fields(value)}
    plain = to_plain(value)  # of a value that is written otherwise, its fields are not its settings
    return inside if isinstance(plain, dict) and plain.keys() == inside.keys() else None


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, float) and isinstance(after, float) and math.isnan(before):
        return math.isnan(after)
    # true is not 1
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)
