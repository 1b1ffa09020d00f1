"""Whether an output may feed an input at all: kinds, constant attributes, ranks and roles."""

from __future__ import annotations

from phonograph.types.axes import Role, role_of
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.terms import Term, as_affine, axis_in


def role_of_term(term: Term) -> Role:
    """Return the role of one axis of a port.

    >>> from phonograph.types.terms import parse_term
    >>> role_of_term(parse_term("ceil(T/2)")), role_of_term(parse_term("vocab+1"))
    (<Role.TIME: 'time'>, <Role.WIDTH: 'width'>)
    """
    axis = axis_in(term)
    return role_of(axis) if axis else Role.WIDTH


def reason_not_to_join(source: Kind, target: Kind) -> tuple[str, str] | None:
    """Say why an output of one kind cannot feed an input of another: (code, message), or None."""
    if not isinstance(source, type(target)):
        return "PG020", f"{source} cannot feed {target}"
    for name, wanted in target.constants().items():
        given = source.constants().get(name)
        if None not in (given, wanted) and given != wanted:
            message = f"{source} with {name} {given} cannot feed {target} with {name} {wanted}"
            return "PG020", message
    given_axes, wanted_axes = parse_axes(source.axes), parse_axes(target.axes)
    if isinstance(target, Lengths):
        return None
    roles = [role_of_term(term).value for term in given_axes]
    wanted_roles = [role_of_term(term).value for term in wanted_axes]
    if roles != wanted_roles:
        given_shape = " x ".join(roles) or "a number"
        wanted_shape = " x ".join(wanted_roles) or "a number"
        return "PG021", f"{given_shape} cannot feed {wanted_shape}"
    for given_term, wanted_term in zip(given_axes, wanted_axes, strict=True):
        left, right = as_affine(given_term), as_affine(wanted_term)
        if left and right and not (left.name or right.name) and left.offset != right.offset:
            return "PG031", f"a width of {left.offset} cannot feed a width of {right.offset}"
    return None
