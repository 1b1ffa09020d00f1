"""Read the equalities of a graph off its ports: one per width, one per solved attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from phonograph.graphs.joins import role_of_term
from phonograph.graphs.wiring import Wire
from phonograph.types.axes import Role
from phonograph.types.declaration import Declaration
from phonograph.types.equalities import Anchor, Link, Sum, Unknown
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.terms import Affine, Term, as_affine, as_linear
from phonograph.types.vocabulary import Vocabulary

FROM_DECLARATION = 4
FROM_DATA = 3
FROM_CHOICE = 2
FROM_REPEAT = 1
BY_DEFAULT = 0


@dataclass(slots=True)
class Equations:
    """What the solver is given."""

    anchors: list[Anchor] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)


def anchors_of(
    node: str, declared: Declaration, given: Mapping[str, Any], derived: Mapping[str, Any]
) -> list[Anchor]:
    """Return the values a node brings: what YAML gives, and what follows from it."""
    anchors = []
    for name, value in given.items():
        if name in declared.solvable and isinstance(value, int | Vocabulary):
            required = declared.parameters[name].required
            strength = FROM_REPEAT if required else FROM_CHOICE
            strength = FROM_DATA if declared.is_source else strength
            number = value if isinstance(value, Vocabulary) else Fraction(value)
            anchors.append(Anchor(Unknown(node, name), number, strength, f"{node}.{name}"))
    for name, value in derived.items():
        number = value if isinstance(value, Vocabulary) else Fraction(value)
        origin = next((n for n in declared.derived_names() if n in given), name)
        anchors.append(Anchor(Unknown(node, name), number, FROM_DATA, f"{node}.{origin}"))
    return anchors


def equate(wire: Wire, source: Kind, target: Kind, equations: Equations) -> None:
    """Add what one wire makes equal; the kinds, ranks and roles already agree."""
    if isinstance(target, Lengths):
        return
    for attribute, name in target.solved_attributes().items():
        other = source.solved_attributes().get(attribute)
        if other:
            left, right = Unknown(wire.source.node, other), Unknown(wire.target.node, name)
            equations.links.append(_equal(left, right, wire))
    for given, wanted in zip(parse_axes(source.axes), parse_axes(target.axes), strict=True):
        if role_of_term(wanted) is Role.WIDTH:
            _equate_widths(wire, given, wanted, equations)


def _equal(left: Unknown, right: Unknown, wire: Wire) -> Link:
    return Link(left, right, Fraction(1), Fraction(0), (str(wire.source), str(wire.target)))


def _equate_widths(wire: Wire, given: Term, wanted: Term, equations: Equations) -> None:
    left, right = _width(given), _width(wanted)
    if left is None or right is None:
        return
    if left.name and right.name:
        source, target = Unknown(wire.source.node, left.name), Unknown(wire.target.node, right.name)
        scale, offset = left.scale / right.scale, (left.offset - right.offset) / right.scale
        via = (str(wire.source), str(wire.target))
        equations.links.append(Link(source, target, scale, offset, via))
    elif left.name:
        equations.anchors.append(_pinned(wire.source.node, left, right, str(wire.target)))
    elif right.name:
        equations.anchors.append(_pinned(wire.target.node, right, left, str(wire.source)))


def _width(term: Term) -> Affine | None:
    """Read a width as an affine form of one unknown; a sum of several is an unknown itself."""
    linear = as_linear(term)
    if linear is None or len(linear.parts) < 2:
        return as_affine(term)
    return Affine(Fraction(1), str(term), Fraction(0))


def _pinned(node: str, affine: Affine, constant: Affine, source: str) -> Anchor:
    assert affine.name is not None
    value = (constant.offset - affine.offset) / affine.scale
    return Anchor(Unknown(node, affine.name), value, FROM_DECLARATION, source)


def unknowns_of(node: str, declared: Declaration) -> list[Unknown]:
    """Return every name of a node whose value the solver may find, sums of widths among them."""
    names: dict[str, None] = {}
    for kind in declared.all_ports():
        names.update(dict.fromkeys(kind.solved_attributes().values()))
        for term in parse_axes(kind.axes):
            width = _width(term) if role_of_term(term) is Role.WIDTH else None
            linear = as_linear(term)
            if width is not None and linear is not None:
                names.update(dict.fromkeys(name for name, _ in linear.parts))
                names.update({width.name: None} if width.name else {})
    return [Unknown(node, name) for name in names]


def sums_of(node: str, declared: Declaration) -> list[Sum]:
    """Return the widths of a node's ports that are sums of several names, each once."""
    found: dict[Unknown, Sum] = {}
    for port, kind in (*declared.ports.inputs.items(), *declared.ports.outputs.items()):
        for term in parse_axes(kind.axes):
            linear = as_linear(term) if role_of_term(term) is Role.WIDTH else None
            if linear is not None and len(linear.parts) > 1:
                total = Unknown(node, str(term))
                parts = tuple((Unknown(node, name), scale) for name, scale in linear.parts)
                found.setdefault(total, Sum(total, parts, linear.offset, f"{node}.{port}"))
    return list(found.values())
