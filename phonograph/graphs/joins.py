"""Whether an output may feed an input at all: kinds, constant attributes, ranks and roles."""

from __future__ import annotations

from functools import lru_cache

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


@lru_cache(maxsize=4096)
def roles_of(axes: str) -> tuple[Role, ...]:
    """Return the role of every axis of a port.

    >>> [role.value for role in roles_of("B vocab+1 ceil(T/2)")]
    ['batch', 'width', 'time']
    """
    return tuple(map(role_of_term, parse_axes(axes)))


@lru_cache(maxsize=4096)
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
    roles = [role.value for role in roles_of(source.axes)]
    wanted_roles = [role.value for role in roles_of(target.axes)]
    if roles != wanted_roles:
        given_shape = " x ".join(roles) or "a number"
        wanted_shape = " x ".join(wanted_roles) or "a number"
        return "PG021", f"{given_shape} cannot feed {wanted_shape}"
    for given_term, wanted_term in zip(given_axes, wanted_axes, strict=True):
        left, right = as_affine(given_term), as_affine(wanted_term)
        if left and right and not (left.name or right.name) and left.offset != right.offset:
            return "PG031", f"a width of {left.offset} cannot feed a width of {right.offset}"
    return None
