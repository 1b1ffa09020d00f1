"""What each node brings: its module, the parameters YAML gives, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from phonograph.errors import Diagnostic, nearest
from phonograph.graphs.document import Document
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.list_ports import counts_of
from phonograph.graphs.parameters import Misfit, convert, is_open
from phonograph.graphs.part_reader import PartReader, takes_parts
from phonograph.graphs.spec import NodeSpec
from phonograph.types.declaration import Declaration, declaration_of
from phonograph.types.registry import Registry


@dataclass(frozen=True, slots=True)
class DeclaredNode:
    """A node whose module is known.

    Args:
        declaration: of its module.
        given: parameters that YAML gives, converted to what the constructor wants.
        derived: what follows from them; empty where something is missing.
        unclear: whether a parameter is at fault.
        owner: the node that owns the weights, where that is another one.
    """

    declaration: Declaration
    given: Mapping[str, Any]
    derived: Mapping[str, Any]
    unclear: bool
    owner: str | None = None

    @property
    def lacks_derived(self) -> bool:
        """Whether values that should follow from the parameters do not."""
        return self.declaration.derived is not None and not self.derived

    @property
    def known(self) -> dict[str, Any]:
        """Every parameter and derived value that is known before anything is solved."""
        return {**_defaults(self.declaration), **self.given, **self.derived}


def declare(
    node: NodeSpec, registry: Registry, document: Document
) -> tuple[DeclaredNode | None, list[Diagnostic]]:
    """Look a node's module up and read its parameters; None when there is no such module."""
    if node.module not in registry:
        if not node.module:  # reported where it was read
            return None, []
        place = document.place("modules", node.name, "module")
        help = nearest(node.module, registry.ids) or "`phonograph modules` lists them"
        fix = nearest_fix(place, node.module, registry.ids)
        message = f"unknown module `{node.module}`"
        return None, [Diagnostic("PG010", message, place, help=help, fix=fix)]
    if fault := registry.fault_of(node.module):
        return None, [replace(fault, place=document.place("modules", node.name, "module"))]
    declaration = registry.load(node.module)
    faults: list[Diagnostic] = []
    declaration = declaration.unrolled(counts_of(node, declaration.ports))
    given: dict[str, Any] = {}
    parts = PartReader(node.name, declaration, registry, document)
    for name, value in node.parameters.items():
        parameter = declaration.parameters.get(name)
        if parameter is not None and takes_parts(parameter.annotation):
            trail = ("modules", node.name, "with", name)
            given[name] = parts.read(value, parameter.annotation, trail, name)
            continue
        found = _given(node, declaration, document, name, value)
        if isinstance(found, Diagnostic):
            faults.append(found)
        else:
            given[name] = found
    faults += parts.faults
    derived = _derived(node, declaration, given, document)
    if isinstance(derived, Diagnostic):
        faults.append(derived)
        derived = {}
    declaration = declaration.filled(derived)
    return DeclaredNode(declaration, given, derived, unclear=bool(faults)), faults


def share(node: NodeSpec, owner: DeclaredNode) -> DeclaredNode:
    """Declare a node that uses the module and the weights of another."""
    declaration = declaration_of(owner.declaration.cls)
    unrolled = declaration.unrolled(counts_of(node, declaration.ports))
    return replace(owner, declaration=unrolled.filled(owner.derived), owner=node.use)


def _given(
    node: NodeSpec, declaration: Declaration, document: Document, name: str, value: Any
) -> Any:
    trail = ("modules", node.name, "with", name)
    if name not in declaration.parameters:
        help = nearest(name, list(declaration.parameters)) or "it has none"
        message = f"`{node.module}` has no parameter `{name}`"
        place = document.key_place(*trail)
        beside = (document.key_place(*trail[:-1], one) for one in node.parameters)
        written = {
            one for one, key in zip(node.parameters, beside, strict=True) if key.file == place.file
        }
        fix = nearest_fix(place, name, list(declaration.parameters), taken=written)
        return Diagnostic("PG011", message, place, help=help, fix=fix)
    annotation = declaration.parameters[name].annotation
    found = convert(value, annotation, partial(document.folder_of, *trail))
    if not isinstance(found, Misfit):
        return found
    place = (document.key_place if found.key else document.place)(*trail, *found.trail)
    inside = found.trail[:-1] if found.key else found.trail
    message = f"`{'.'.join(map(str, (name, *inside)))}` of `{node.name}` {found.message}"
    return Diagnostic("PG015", message, place, help=found.help, fix=found.fix(place))


def _derived(
    node: NodeSpec, declaration: Declaration, given: Mapping[str, Any], document: Document
) -> Mapping[str, Any] | Diagnostic:
    if declaration.derived is None:
        return {}
    known = {**_defaults(declaration), **given}
    names = declaration.derived_names()
    misfits = [name for name in names if name in node.parameters and name not in given]
    if misfits or any(name not in known or is_open(known[name]) for name in names):
        return {}
    try:
        return dict(declaration.derived(**{name: known[name] for name in names}))
    except ValueError as error:
        written = next((name for name in names if name in given), None)
        message = f"`{written or node.module}` of `{node.name}` does not fit: {error}"
        trail = ("modules", node.name, "with", written) if written else ("modules", node.name)
        return Diagnostic("PG015", message, document.place(*trail))


def _defaults(declaration: Declaration) -> dict[str, Any]:
    return {n: p.default for n, p in declaration.parameters.items() if not p.required}
