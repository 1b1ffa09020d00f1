"""What a registered class declares: its parameters, its ports, its derived values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from phonograph.types.axes import Role, role_of
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.migration import Migration
from phonograph.types.ports import Ports, declared_ports
from phonograph.types.terms import (
    Constant,
    Term,
    as_affine,
    axis_in,
    names_in,
    parse_term,
    substitute,
)
from phonograph.types.vocabulary import Vocabulary

_ATTRIBUTE = "__phonograph_registration__"


@dataclass(frozen=True, slots=True)
class Registration:
    """What `@register` attaches to a class.

    Args:
        id: as written in YAML.
        version: of its parameters, ports and weights.
        random: whether it draws random numbers while training.
        migrations: older version -> what leads from it to the next.
    """

    id: str
    version: int
    random: bool
    migrations: Mapping[int, Migration] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constructor argument, which YAML gives under `with`."""

    name: str
    annotation: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether it must be given in YAML or solved from the wires."""
        return self.default is inspect.Parameter.empty

    @property
    def wants_tokens(self) -> bool:
        """Whether it takes a whole vocabulary rather than its size."""
        return Vocabulary in (self.annotation, *get_args(self.annotation))


@dataclass(frozen=True, slots=True)
class Declaration:
    """A registered class, read once.

    Args:
        cls: the class itself.
        registration: id, version and randomness.
        parameters: constructor arguments by name.
        ports: inputs and outputs.
        solvable: parameters that appear in ports, whose values travel along wires.
        derived: a pure function of parameters that gives further names for axes.
        look_ahead: a pure function of parameters that says how many steps of the input beyond its
            own an output depends on.
        optional: inputs that may stay unwired.
        counts: parameters that hold the number of items of a list port -> that number, where the
            ports are unrolled.
    """

    cls: type
    registration: Registration
    parameters: Mapping[str, Parameter]
    ports: Ports
    solvable: frozenset[str]
    derived: Callable[..., Mapping[str, Any]] | None
    look_ahead: Callable[..., float] | None
    optional: frozenset[str]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id written in YAML."""
        return self.registration.id

    @property
    def is_source(self) -> bool:
        """Whether this is a data layer: it has outputs and no inputs."""
        return not self.ports.inputs

    @property
    def is_host(self) -> bool:
        """Whether it handles Python values rather than tensors."""
        return any(kind.host for kind in self.all_ports())

    def all_ports(self) -> list[Kind]:
        """Return every port, inputs first."""
        return [*self.ports.inputs.values(), *self.ports.outputs.values()]

    def unrolled(self, counts: Mapping[str, int]) -> Declaration:
        """Return the declaration with an input for every item of its list ports.

        Args:
            counts: list port -> its number of items.
        """
        if not self.ports.lists:
            return self
        known = {name: counts[port] for port, name in self.ports.lists.items() if name}
        return replace(self, ports=self.ports.unrolled(counts), counts=known)

    def filled(self, derived: Mapping[str, Any]) -> Declaration:
        """Return the declaration with numbers for derived factors of widths: `stack*feat_in`.

        The solver knows multiples of a width, not products of two names.

        Args:
            derived: the values of `derived`.
        """
        numbers: dict[str, Term] = {
            name: Constant(Fraction(value))
            for name, value in derived.items()
            if isinstance(value, int)
        }
        inputs, outputs = (
            {name: replace(kind, axes=_filled(kind.axes, numbers)) for name, kind in side.items()}
            for side in (self.ports.inputs, self.ports.outputs)
        )
        return replace(self, ports=replace(self.ports, inputs=inputs, outputs=outputs))

    def derived_names(self) -> list[str]:
        """Return the parameters that the derived values are computed from."""
        return list(inspect.signature(self.derived).parameters) if self.derived else []

    def steps_ahead(self, parameters: Mapping[str, Any]) -> float:
        """Return how many input steps after its own an output depends on, infinite for all.

        The output's frame t stands at the input's step t * stride.

        Args:
            parameters: every constructor argument, solved.
        """
        if self.look_ahead is None:
            return 0.0
        wanted = inspect.signature(self.look_ahead).parameters
        return float(self.look_ahead(**{name: parameters[name] for name in wanted}))

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.cls) or "").partition("\n")[0]


def _filled(axes: str, numbers: Mapping[str, Term]) -> str:
    spelt = []
    for axis, term in zip(axes.split(), parse_axes(axes), strict=True):
        width = role_of(axis_in(term) or "") is Role.WIDTH
        product = width and as_affine(term) is None
        spelt.append(str(substitute(term, numbers)) if product else axis)
    return " ".join(spelt)


def attach(cls: type, registration: Registration) -> None:
    """Store a registration on its class."""
    setattr(cls, _ATTRIBUTE, registration)


@lru_cache(maxsize=1024)
def declaration_of(cls: type) -> Declaration:
    """Read the declaration of a registered class.

    Raises:
        TypeError: the class is not registered or has no ports, or its constructor, its ports and
            its derived values do not belong together.
    """
    registration = cls.__dict__.get(_ATTRIBUTE)
    if registration is None:
        raise TypeError(f"{cls.__name__} has no @register")
    method, declared = _method_with_ports(cls)
    parameters = _parameters(cls)
    derived = getattr(cls, "derived", None)
    names = _lowercase_names(declared)
    solvable = frozenset(names & set(parameters))
    if derived is None and (unknown := names - set(parameters)):
        raise TypeError(f"{cls.__name__}: ports name unknown parameters {sorted(unknown)}")
    for name in inspect.signature(derived).parameters if derived else ():
        if name not in parameters or name in solvable:
            why = "wires may decide" if name in solvable else "is no parameter"
            raise TypeError(f"{cls.__name__}: derived wants `{name}`, which {why}")
    look_ahead = getattr(cls, "look_ahead", None)
    for name in inspect.signature(look_ahead).parameters if look_ahead else ():
        if name not in parameters:
            raise TypeError(f"{cls.__name__}: look_ahead wants `{name}`, which is no parameter")
    if declared.inputs:
        _refuse_paths(cls, parameters)
    return Declaration(
        cls=cls,
        registration=registration,
        parameters=parameters,
        ports=declared,
        solvable=solvable,
        derived=derived,
        look_ahead=look_ahead,
        optional=_optional_inputs(cls, method, declared),
    )


def _method_with_ports(cls: type) -> tuple[Callable[..., Any], Ports]:
    for value in vars(cls).values():
        declared = declared_ports(value)
        if declared is not None:
            return value, declared
    raise TypeError(f"{cls.__name__} has no method with @ports")


def _parameters(cls: type) -> dict[str, Parameter]:
    constructor = vars(cls).get("__init__")
    if constructor is None:
        return {}
    hints = get_type_hints(constructor)
    _, *arguments = inspect.signature(constructor).parameters.values()
    for argument in arguments:
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            written = str(argument).partition(":")[0]
            raise TypeError(f"{cls.__name__}: `{written}` hides the constructor's arguments")
        if argument.name not in hints:
            raise TypeError(f"{cls.__name__}: the argument `{argument.name}` has no type")
    return {a.name: Parameter(a.name, hints[a.name], a.default) for a in arguments}


def _refuse_paths(cls: type, parameters: Mapping[str, Parameter]) -> None:
    for parameter in parameters.values():
        if _needs_path(parameter.annotation):
            why = "but bundles leave paths out; only a data layer may, or write `Path | None`"
            raise TypeError(f"{cls.__name__}: `{parameter.name}` needs a path, {why}")


def _needs_path(annotation: Any) -> bool:
    """Whether a value of this type may hold a path that cannot be None."""
    inner = get_args(annotation)
    if NoneType in inner:
        inner = tuple(choice for choice in inner if choice is not Path)
    if is_dataclass(annotation):
        hints = get_type_hints(annotation)
        inner = tuple(hints[field.name] for field in fields(annotation))
    return annotation is Path or any(map(_needs_path, inner))


def _lowercase_names(declared: Ports) -> set[str]:
    terms: list[Term] = []
    attributes: set[str] = set()
    for kind in [*declared.inputs.values(), *declared.outputs.values()]:
        terms += parse_axes(kind.axes)
        attributes |= set(kind.solved_attributes().values())
        if isinstance(kind, Lengths):
            terms.append(parse_term(kind.of))
    names = {name for term in terms for name in names_in(term)} | attributes
    names |= {name for name in declared.lists.values() if name}
    return {name for name in names if name[0].islower()}


def _optional_inputs(cls: type, method: Callable[..., Any], declared: Ports) -> frozenset[str]:
    arguments = inspect.signature(method).parameters
    missing = [name for name in declared.inputs if name not in arguments]
    if missing:
        raise TypeError(f"{cls.__name__}: ports {missing} are not arguments of {method.__name__}")
    has_default = {n for n, a in arguments.items() if a.default is not inspect.Parameter.empty}
    return frozenset(has_default & set(declared.inputs))
