"""A module that is an argument of another: `block: {module: asr.row_conv, with: {…}}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from phonograph.types.declaration import Declaration


@dataclass(frozen=True, slots=True)
class Part:
    """What is built, and with which arguments, before the constructor that takes it is called.

    Args:
        declaration: of its module.
        parameters: arguments of its constructor; what is left out has a default, or comes from the
            owner's parameter of the same name.
    """

    declaration: Declaration
    parameters: Mapping[str, Any]

    def lacks(self) -> list[str]:
        """Return the required arguments that are not given."""
        known = self.declaration.parameters.values()
        return [one.name for one in known if one.required and one.name not in self.parameters]

    def filled(self, owner: Mapping[str, Any]) -> Part:
        """Return the part with every argument; the owner's values stand for what is lacking."""
        known = self.declaration.parameters.values()
        defaults = {one.name: one.default for one in known if not one.required}
        taken = {name: owner[name] for name in self.lacks() if name in owner}
        known_now = {**defaults, **taken, **self.parameters}
        inner = {name: filled(value, known_now) for name, value in known_now.items()}
        return replace(self, parameters=inner)

    def build(self) -> Any:
        """Call the constructor."""
        return self.declaration.cls(**build_parts(self.parameters))


def build_parts(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Build the parts among a constructor's arguments."""
    return {name: _build(value) for name, value in arguments.items()}


def filled(value: Any, owner: Mapping[str, Any]) -> Any:
    """Fill in the parts of an argument from the parameters of the module that takes them."""
    match value:
        case Part():
            return value.filled(owner)
        case list() | tuple():
            return type(value)(filled(item, owner) for item in value)
    return value


def parts_in(value: Any) -> list[Part]:
    """Return the parts in an argument, with the parts in those."""
    match value:
        case Part():
            inner = [part for one in value.parameters.values() for part in parts_in(one)]
            return [value, *inner]
        case list() | tuple():
            return [part for item in value for part in parts_in(item)]
    return []


def _build(value: Any) -> Any:
    match value:
        case Part():
            return value.build()
        case list() | tuple() if any(isinstance(item, Part) for item in value):
            return [_build(item) for item in value]
    return value
