"""Read built parts: arguments that are modules themselves, `{module: …, with: {…}}`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from types import NoneType
from typing import Any, get_args, get_origin

from torch import nn

from phonograph.errors import Diagnostic, Edit, nearest
from phonograph.graphs.compose import Trail
from phonograph.graphs.document import Document
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.parameters import GIVEN_LATER, Misfit, convert, shown
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
        return self._read(value, annotation, trail, name, self.owner.parameters)

    def _read(
        self, value: Any, annotation: Any, trail: Trail, name: str, around: Collection[str]
    ) -> Any:
        if value == GIVEN_LATER or (value is None and NoneType in get_args(annotation)):
            return value
        if not _wants_list(annotation):
            return self._part(value, trail, name, around)
        if isinstance(value, list):
            parts = enumerate(value)
            return [self._part(one, (*trail, i), f"{name}.{i}", around) for i, one in parts]
        message = f"{self._named(name)} wants a list of modules, got {shown(value)}"
        self._fault("PG015", message, trail, _HOW)
        return None

    def _part(self, value: Any, trail: Trail, name: str, around: Collection[str]) -> Any:
        """Read one part.

        Args:
            value: plain data.
            trail: where it stands.
            name: what to call it.
            around: the arguments of what it is a part of, which stand for those it lacks.

        Returns:
            the part, `???`, or None where it is at fault.
        """
        if value == GIVEN_LATER or (isinstance(value, dict) and value.get("module") == GIVEN_LATER):
            return GIVEN_LATER
        if not isinstance(value, dict) or "module" not in value:
            message = f"{self._named(name)} wants a module, got {shown(value)}"
            self._fault("PG015", message, trail, _HOW)
            return None
        for key in value:
            if key not in _KEYS:
                message = f"unknown key `{key}` under {self._named(name)}"
                self._misspelt("PG008", message, (*trail, key), key, _KEYS, value)
        declaration = self._declaration(value, trail, name)
        if declaration is None:
            return None
        part = Part(declaration, self._arguments(declaration, value, trail, name))
        for lacking in part.lacks():
            if lacking not in around:
                help = f"give it: with: {{{lacking}: …}}"
                message = f"{self._named(f'{name}.{lacking}')} is missing"
                self._fault("PG033", message, trail, help)
        return part

    def _declaration(self, value: dict[str, Any], trail: Trail, name: str) -> Declaration | None:
        id, where = value["module"], (*trail, "module")
        place = self.document.place(*where)
        if not isinstance(id, str) or id not in self.registry:
            help = nearest(str(id), self.registry.ids) or "`phonograph modules` lists them"
            fix = nearest_fix(place, str(id), self.registry.ids)
            self._fault("PG010", f"unknown module `{id}`", where, help, fix=fix)
            return None
        if fault := self.registry.fault_of(id):
            self.faults.append(replace(fault, place=place))
            return None
        declaration = self.registry.load(id)
        installed = declaration.registration.version
        if value.get("version") not in (None, installed):
            named = self._named(name)
            message = f"{named} is written for another version of {id}; {installed} is installed"
            self._fault("PG046", message, (*trail, "version"))
        return declaration

    def _arguments(
        self, declaration: Declaration, value: dict[str, Any], trail: Trail, name: str
    ) -> dict[str, Any]:
        given = value.get("with") or {}
        if not isinstance(given, dict):
            message = f"{self._named(f'{name}.with')} must be a mapping, got {shown(given)}"
            self._fault("PG009", message, (*trail, "with"))
            return {}
        arguments, known = {}, declaration.parameters
        for key, inner in given.items():
            where = (*trail, "with", key)
            if key not in known:
                message = f"`{declaration.id}` has no parameter `{key}`"
                self._misspelt("PG011", message, where, key, list(known), given)
            elif takes_parts(known[key].annotation):
                annotation = known[key].annotation
                arguments[key] = self._read(inner, annotation, where, f"{name}.{key}", known)
            else:
                arguments[key] = self._argument(known[key], inner, where, f"{name}.{key}")
        return arguments

    def _argument(self, parameter: Parameter, value: Any, trail: Trail, name: str) -> Any:
        found = convert(value, parameter.annotation, partial(self.document.folder_of, *trail))
        if isinstance(found, Misfit):
            where = (*trail, *found.trail)
            place = (self.document.key_place if found.key else self.document.place)(*where)
            message, fix = f"{self._named(name)} {found.message}", found.fix(place)
            self._fault("PG015", message, where, found.help, key=found.key, fix=fix)
        return found

    def _named(self, name: str) -> str:
        return f"`{name}` of `{self.node}`"

    def _misspelt(
        self,
        code: str,
        message: str,
        trail: Trail,
        name: str,
        known: Sequence[str],
        taken: Collection[str],
    ) -> None:
        help = nearest(name, known) or "it has none"
        fix = nearest_fix(self.document.key_place(*trail), name, known, taken=taken)
        self._fault(code, message, trail, help, key=True, fix=fix)

    def _fault(
        self,
        code: str,
        message: str,
        trail: Trail,
        help: str = "",
        *,
        key: bool = False,
        fix: Edit | None = None,
    ) -> None:
        place = (self.document.key_place if key else self.document.place)(*trail)
        self.faults.append(Diagnostic(code, message, place, help=help, fix=fix))


def _wants_list(annotation: Any) -> bool:
    lists = (list, tuple, Sequence)
    return get_origin(annotation) in lists or any(map(_wants_list, get_args(annotation)))
