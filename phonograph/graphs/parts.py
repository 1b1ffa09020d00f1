"""Read built parts: arguments that are modules themselves, `{module: …, with: {…}}`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import NoneType
from typing import Any, get_args, get_origin

from torch import nn

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document
from phonograph.graphs.parameters import Misfit, convert, is_open, shown
from phonograph.types.declaration import Declaration, Parameter
from phonograph.types.part import Part
from phonograph.types.registry import Registry

_KEYS = ("module", "with", "version")
_HOW = "write {module: …, with: {…}}; `phonograph modules` lists them"


def takes_parts(annotation: Any) -> bool:
    """Whether an argument is a module, several modules, or perhaps one.

    >>> takes_parts(nn.Module | None), takes_parts(list[nn.Module]), takes_parts(int)
    (True, True, False)
    """
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return issubclass(annotation, nn.Module)
    return any(map(takes_parts, get_args(annotation)))


class PartReader:
    """Reads the parts of one node, collecting faults.

    Args:
        node: the node's name.
        owner: its module.
        registry: the modules that may be named.
        document: where they stand.

    Attributes:
        faults: what is wrong with them.
    """

    def __init__(
        self, node: str, owner: Declaration, registry: Registry, document: Document
    ) -> None:
        self.node = node
        self.owner = owner
        self.registry = registry
        self.document = document
        self.faults: list[Diagnostic] = []

    def read(self, value: Any, annotation: Any, trail: Trail, name: str) -> Any:
        """Return the part or the list of parts that plain data mean.

        Args:
            value: plain data.
            annotation: of the argument.
            trail: where the value stands.
            name: the argument, such as `block`.
        """
        if is_open(value):
            return value
        if value is None and NoneType in get_args(annotation):
            return None
        if not _wants_list(annotation):
            return self._part(value, trail, name)
        if isinstance(value, list):
            return [self._part(one, (*trail, i), f"{name}.{i}") for i, one in enumerate(value)]
        message = f"{self._named(name)} wants a list of modules, got {shown(value)}"
        self._fault("PG015", message, trail, _HOW)
        return None

    def _part(self, value: Any, trail: Trail, name: str) -> Part | None:
        if not isinstance(value, dict) or "module" not in value:
            message = f"{self._named(name)} wants a module, got {shown(value)}"
            self._fault("PG015", message, trail, _HOW)
            return None
        for key in value:
            if key not in _KEYS:
                message = f"unknown key `{key}` under {self._named(name)}"
                self._fault("PG008", message, (*trail, key), nearest(key, _KEYS), key=True)
        id = value["module"]
        if not isinstance(id, str) or id not in self.registry:
            help = nearest(str(id), self.registry.ids) or "`phonograph modules` lists them"
            self._fault("PG010", f"unknown module `{id}`", (*trail, "module"), help)
            return None
        if fault := self.registry.fault_of(id):
            place = self.document.place(*trail, "module")
            self.faults.append(replace(fault, place=place))
            return None
        declaration = self.registry.load(id)
        installed = declaration.registration.version
        if value.get("version", installed) != installed:
            named = self._named(name)
            message = f"{named} is written for another version of {id}; {installed} is installed"
            self._fault("PG046", message, (*trail, "version"))
        part = Part(declaration, self._arguments(declaration, value, trail, name))
        for lacking in part.lacks():
            if lacking not in self.owner.parameters:
                help = f"give it: with: {{{lacking}: …}}"
                message = f"{self._named(f'{name}.{lacking}')} is missing"
                self._fault("PG033", message, trail, help)
        return part

    def _arguments(
        self, declaration: Declaration, value: dict[str, Any], trail: Trail, name: str
    ) -> dict[str, Any]:
        given = value.get("with") or {}
        if not isinstance(given, dict):
            message = f"{self._named(f'{name}.with')} must be a mapping, got {shown(given)}"
            self._fault("PG009", message, (*trail, "with"))
            return {}
        arguments = {}
        for key, inner in given.items():
            where = (*trail, "with", key)
            if key not in declaration.parameters:
                help = nearest(key, list(declaration.parameters)) or "it has none"
                message = f"`{declaration.id}` has no parameter `{key}`"
                self._fault("PG011", message, where, help, key=True)
                continue
            parameter = declaration.parameters[key]
            arguments[key] = self._argument(parameter, inner, where, f"{name}.{key}")
        return arguments

    def _argument(self, parameter: Parameter, value: Any, trail: Trail, name: str) -> Any:
        if takes_parts(parameter.annotation):
            return self.read(value, parameter.annotation, trail, name)
        found = convert(value, parameter.annotation, self.document.folder_of(*trail))
        if isinstance(found, Misfit):
            where = (*trail, *found.trail)
            message = f"{self._named(name)} {found.message}"
            self._fault("PG015", message, where, found.help, key=found.key)
        return found

    def _named(self, name: str) -> str:
        return f"`{name}` of `{self.node}`"

    def _fault(
        self, code: str, message: str, trail: Trail, help: str = "", *, key: bool = False
    ) -> None:
        place = (self.document.key_place if key else self.document.place)(*trail)
        self.faults.append(Diagnostic(code, message, place, help=help))


def _wants_list(annotation: Any) -> bool:
    lists = (list, tuple, Sequence)
    return get_origin(annotation) in lists or any(map(_wants_list, get_args(annotation)))
