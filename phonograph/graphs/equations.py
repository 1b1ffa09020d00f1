"""Read the equalities of a graph off its ports: one per width, one per solved attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from phonograph.graphs.joins import roles_of
from phonograph.graphs.wires import Wire
from phonograph.types.axes import Role
from phonograph.types.declaration import Declaration
from phonograph.types.equalities import Anchor, Link, Sum, Unknown
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.terms import Affine, Linear, Term, as_affine, as_linear
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
    for name, count in declared.counts.items():
        anchors.append(Anchor(Unknown(node, name), Fraction(count), FROM_DATA, f"{node}.from"))
    for name, value in derived.items():
        number = value if isinstance(value, Vocabulary) else Fraction(value)
        origin = next((n for n in declared.derived_names() if n in given), name)
        anchors.append(Anchor(Unknown(node, name), number, FROM_DATA, f"{node}.{origin}"))
    return anchors


def shared_sizes(owner: str, user: str, declared: Declaration) -> list[Link]:
    """Make the parameters and derived values of two nodes with the same weights equal."""
    names = [one.name for one in unknowns_of(user, declared) if one.name[0].islower()]
    return [
        Link(Unknown(owner, name), Unknown(user, name), Fraction(1), Fraction(0), (owner, user))
        for name in names
    ]


def equate(wire: Wire, source: Kind, target: Kind, equations: Equations) -> None:
    """Add what one wire makes equal; the kinds, ranks and roles already agree."""
    if isinstance(target, Lengths):
        return
    for attribute, name in target.solved_attributes().items():
        other = source.solved_attributes().get(attribute)
        if other:
            left, right = Unknown(wire.source.node, other), Unknown(wire.target.node, name)
            equations.links.append(_equal(left, right, wire))
    for given, wanted in zip(_widths(source.axes), _widths(target.axes), strict=True):
        if given is not None and wanted is not None:
            _equate_widths(wire, given.width, wanted.width, equations)


def _equal(left: Unknown, right: Unknown, wire: Wire) -> Link:
    return Link(left, right, Fraction(1), Fraction(0), (str(wire.source), str(wire.target)))


def _equate_widths(wire: Wire, left: Affine, right: Affine, equations: Equations) -> None:
    if left.name and right.name:
        source, target = Unknown(wire.source.node, left.name), Unknown(wire.target.node, right.name)
        scale, offset = left.scale / right.scale, (left.offset - right.offset) / right.scale
        via = (str(wire.source), str(wire.target))
        equations.links.append(Link(source, target, scale, offset, via))
    elif left.name:
        equations.anchors.append(_pinned(wire.source.node, left, right, str(wire.target)))
    elif right.name:
        equations.anchors.append(_pinned(wire.target.node, right, left, str(wire.source)))


def _pinned(node: str, affine: Affine, constant: Affine, source: str) -> Anchor:
    assert affine.name is not None
    value = (constant.offset - affine.offset) / affine.scale
    return Anchor(Unknown(node, affine.name), value, FROM_DECLARATION, source)


@dataclass(frozen=True, slots=True)
class _Width:
    """A width of a port: an affine form of one unknown, which may be a sum of several."""

    width: Affine
    linear: Linear


@lru_cache(maxsize=4096)
def _widths(axes: str) -> tuple[_Width | None, ...]:
    """Read the axes of a port; None stands for those that are no widths."""
    return tuple(map(_width, parse_axes(axes), roles_of(axes)))


def _width(term: Term, role: Role) -> _Width | None:
    if role is not Role.WIDTH:
        return None
    whole = Affine(Fraction(1), str(term), Fraction(0))
    # what is no sum, such as a product of two names, ties its wires together all the same
    return _Width(as_affine(term) or whole, as_linear(term) or Linear((), Fraction(0)))


def unknowns_of(node: str, declared: Declaration) -> list[Unknown]:
    """Return every name of a node whose value the solver may find, sums of widths among them."""
    names: dict[str, None] = dict.fromkeys(declared.counts)
    for kind in declared.all_ports():
        names.update(dict.fromkeys(kind.solved_attributes().values()))
        for one in _widths(kind.axes):
            if one is not None:
                names.update(dict.fromkeys(name for name, _ in one.linear.parts))
                names.update({one.width.name: None} if one.width.name else {})
    return [Unknown(node, name) for name in names]


def sums_of(node: str, declared: Declaration) -> list[Sum]:
    """Return the widths of a node's ports that are sums of several names, each once."""
    found: dict[str, Sum] = {}
    for port, kind in (*declared.ports.inputs.items(), *declared.ports.outputs.items()):
        for one in _widths(kind.axes):
            if one is not None and one.width.name and len(one.linear.parts) > 1:
                parts = tuple((Unknown(node, name), scale) for name, scale in one.linear.parts)
                total = Unknown(node, one.width.name)
                written = Sum(total, parts, one.linear.offset, f"{node}.{port}")
                found.setdefault(total.name, written)
    return list(found.values())
