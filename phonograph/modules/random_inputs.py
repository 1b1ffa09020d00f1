"""Random batches that fit a module's input ports, and the same batches cut and spoilt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from phonograph.types.axes import Role, role_of
from phonograph.types.declaration import Declaration
from phonograph.types.kinds import (
    Audio,
    Durations,
    Kind,
    Lengths,
    LogProbs,
    Mask,
    Network,
    Probs,
    Tokens,
    parse_axes,
)
from phonograph.types.terms import Term, axis_in, evaluate, names_in, parse_term
from phonograph.types.vocabulary import Vocabulary

_SMALLEST_AND_LARGEST = {"S": (3200, 6400), "T": (24, 48), "L": (3, 6), "U": (3, 6), "B": (2, 4)}


Networks = Callable[[Mapping[str, int]], Mapping[str, Any]]
"""Takes the sizes of UPPERCASE axes; gives modules that fit them, by input port."""


@dataclass(frozen=True, slots=True)
class Axes:
    """What the names in axes stand for in one batch.

    Args:
        numbers: parameters and derived values.
        sizes: padded size of each UPPERCASE axis.
        lengths: valid steps of each utterance, int64 [B], for the axes that are padded.
    """

    numbers: Mapping[str, Fraction]
    sizes: Mapping[str, int]
    lengths: Mapping[str, Tensor]

    def size(self, term: Term) -> int:
        """Return a term's value for the padded sizes."""
        return math.ceil(evaluate(term, {**self.numbers, **self.sizes}))

    def valid(self, term: Term) -> list[int]:
        """Return a term's value for the length of each utterance."""
        axis = axis_in(term)
        steps = self.lengths[axis].tolist() if axis else []
        return [math.ceil(evaluate(term, {**self.numbers, axis or "": step})) for step in steps]

    def part(self, kind: Kind, value: Any, row: int) -> Any:
        """Return what belongs to one utterance, without its padding.

        A value without a batch axis is returned whole.
        """
        if kind.host:
            return value[row]
        return value[tuple(self._index(term, row) for term in parse_axes(kind.axes))]

    def _index(self, term: Term, row: int) -> int | slice:
        axis = axis_in(term)
        if axis and role_of(axis) is Role.BATCH:
            return row
        return slice(self.valid(term)[row]) if axis in self.lengths else slice(None)


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs by port name, and the sizes they were drawn for."""

    values: Mapping[str, Any]
    axes: Axes


def numbers_of(declaration: Declaration, parameters: Mapping[str, object]) -> dict[str, Fraction]:
    """Return the numbers that lowercase names in a module's axes stand for.

    Args:
        declaration: the module.
        parameters: constructor arguments; those left out have their defaults.
    """
    values = {p.name: p.default for p in declaration.parameters.values() if not p.required}
    values |= parameters
    if declaration.derived is not None:
        wanted = {name: values[name] for name in declaration.derived_names()}
        values |= declaration.derived(**wanted)
    numbers: dict[str, Fraction] = {}
    for name, value in values.items():
        match value:
            case Vocabulary():
                numbers[name] = Fraction(value.size)
            case int() | float() | Fraction():
                numbers[name] = (
                    Fraction(str(value)) if isinstance(value, float) else Fraction(value)
                )
    return numbers


def draw(
    kinds: Mapping[str, Kind],
    numbers: Mapping[str, Fraction],
    generator: torch.Generator,
    networks: Networks | None = None,
) -> Batch:
    """Draw sizes, lengths and values for input ports; the first utterance has no padding.

    Args:
        kinds: of the input ports by name.
        numbers: what lowercase names in their axes stand for.
        generator: decides everything.
        networks: gives modules for the ports of kind Network.
    """
    terms = [term for kind in kinds.values() for term in parse_axes(kind.axes)]
    inside = {axis for term in terms for axis in names_in(term) if axis[0].isupper()}
    names = sorted({"B", *inside})
    sizes = {
        name: _between(*_SMALLEST_AND_LARGEST.get(name[0], (3, 7)), generator) for name in names
    }
    lengths = {}
    for name in names:
        if role_of(name) in (Role.TIME, Role.LABEL):
            low, high = sizes[name] // 2, sizes[name] + 1
            lengths[name] = torch.randint(low, high, (sizes["B"],), generator=generator)
            lengths[name][0] = sizes[name]
    axes = Axes(numbers, sizes, lengths)
    values = dict(networks(sizes)) if networks else {}
    for name, kind in kinds.items():
        if not isinstance(kind, Network):
            values[name] = _value(kind, axes, generator)
    return Batch(values, axes)


def alone(kinds: Mapping[str, Kind], batch: Batch, row: int) -> Batch:
    """Return one utterance of a batch as a batch of its own, without padding."""
    lengths = {axis: steps[row : row + 1] for axis, steps in batch.axes.lengths.items()}
    sizes = {axis: int(steps) for axis, steps in lengths.items()}
    axes = replace(batch.axes, sizes={**batch.axes.sizes, **sizes, "B": 1}, lengths=lengths)
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = batch.values[name]
        if kind.host:
            values[name] = [value[row]]
        elif "B" in kind.axes.split():
            values[name] = batch.axes.part(kind, value, row).unsqueeze(0)
        else:
            values[name] = value
    return Batch(values, axes)


def spoilt(kinds: Mapping[str, Kind], batch: Batch, generator: torch.Generator) -> Batch:
    """Return the batch with other, larger values in the padding."""
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = batch.values[name]
        if kind.host or isinstance(kind, Lengths) or "B" not in kind.axes.split():
            values[name] = value  # no padding there
            continue
        values[name] = _value(kind, batch.axes, generator)
        if type(kind) not in (LogProbs, Probs) and value.is_floating_point():
            values[name] *= 30
        for row in range(batch.axes.sizes["B"]):
            batch.axes.part(kind, values[name], row).copy_(batch.axes.part(kind, value, row))
    return Batch(values, batch.axes)


def _between(low: int, high: int, generator: torch.Generator) -> int:
    return int(torch.randint(low, high + 1, (), generator=generator))


def _value(kind: Kind, axes: Axes, generator: torch.Generator) -> Any:
    shape = [axes.size(term) for term in parse_axes(kind.axes)]
    if kind.host:
        return [f"utterance {row}" for row in range(shape[0])]
    match kind:
        case Lengths():
            return torch.tensor(axes.valid(parse_term(kind.of)))
        case Mask():
            steps = torch.tensor(axes.valid(parse_axes(kind.axes)[1]))
            return torch.arange(shape[1]) < steps[:, None]
        case Tokens():
            return torch.randint(0, int(axes.numbers[kind.vocab]), shape, generator=generator)
        case Durations():
            return torch.randint(1, 4, shape, generator=generator)
    return _floats(kind, torch.randn(shape, generator=generator))


def _floats(kind: Kind, noise: Tensor) -> Tensor:
    match kind:
        case Audio():
            return noise / 10
        case LogProbs():
            return noise.log_softmax(dim=-1)
        case Probs():
            return noise.softmax(dim=-1)
    return noise
