"""The registry: a value that knows where each module id lives and imports it on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar

from phonograph.types.declaration import Declaration, Registration, attach, declaration_of
from phonograph.types.migration import Migration

Class = TypeVar("Class", bound=type)


def register(
    id: str,
    *,
    version: int,
    random: bool = False,
    migrations: Mapping[int, Migration] | None = None,
) -> Callable[[Class], Class]:
    """Mark a class as the module `id`; nothing outside the class changes.

    Args:
        id: `collection.name`, as written in YAML.
        version: grows when parameters, ports or weights change their meaning.
        random: whether the forward pass draws random numbers while training.
        migrations: older version -> what leads from it to the next one.
    """

    def mark(cls: Class) -> Class:
        attach(cls, Registration(id, version, random, migrations or {}))
        return cls

    return mark


@dataclass(frozen=True, slots=True)
class Registry:
    """A table from module id to `python.module:Class`.

    >>> registry = Registry({"asr.ctc_head": "phonograph.collections.asr.ctc_head:CtcHead"})
    >>> "asr.ctc_head" in registry
    True
    """

    table: Mapping[str, str]

    def __contains__(self, id: str) -> bool:
        return id in self.table

    @property
    def ids(self) -> list[str]:
        """All module ids, sorted."""
        return sorted(self.table)

    def load(self, id: str) -> Declaration:
        """Import a module's class and return its declaration.

        Raises:
            KeyError: the id is not in the table.
        """
        path, _, name = self.table[id].partition(":")
        return declaration_of(getattr(import_module(path), name))
