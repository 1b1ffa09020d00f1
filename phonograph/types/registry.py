"""The registry: a value that knows where each module id lives and imports it on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TypeVar

from phonograph.errors import Diagnostic, GraphError
from phonograph.types.declaration import Declaration, Registration, attach, declaration_of
from phonograph.types.migration import Migration
from phonograph.types.plugin_loading import contested_fault, load_plugin

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

    Args:
        table: id -> where its class is.
        plugins: id -> the installed distribution that brings it, for ids that phonograph does not.
        contested: ids that several distributions claim -> their names; none of them is used.

    >>> registry = Registry({"asr.ctc_head": "phonograph.collections.asr.ctc_head:CtcHead"})
    >>> "asr.ctc_head" in registry
    True
    """

    table: Mapping[str, str]
    plugins: Mapping[str, str] = field(default_factory=dict)
    contested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
            GraphError: it is a plugin's, and cannot be loaded, or several claim it.
        """
        if id in self.contested:
            raise GraphError(contested_fault(id, self.contested[id]))
        if id in self.plugins:
            return load_plugin(id, self.table[id], self.plugins[id])
        path, _, name = self.table[id].partition(":")
        return declaration_of(getattr(import_module(path), name))

    def fault_of(self, id: str) -> Diagnostic | None:
        """Say why a module of the table cannot be loaded, None when it can."""
        try:
            self.load(id)
        except GraphError as error:
            return error.diagnostics[0]
        return None

    def load_all(self) -> tuple[list[Declaration], list[Diagnostic]]:
        """Return the declarations of all modules that can be loaded, and why the others cannot."""
        faults = {id: fault for id in self.ids if (fault := self.fault_of(id))}
        return [self.load(id) for id in self.ids if id not in faults], list(faults.values())
