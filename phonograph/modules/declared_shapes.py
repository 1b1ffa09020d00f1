"""Compare what ports declare with what came out of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from phonograph.modules.random_inputs import Axes
from phonograph.types.axes import Role, role_of
from phonograph.types.kinds import (
    Durations,
    Kind,
    Lengths,
    LogProbs,
    Mask,
    Probs,
    Tokens,
    parse_axes,
)
from phonograph.types.terms import Name, Term, axis_in, parse_term


def output_faults(kinds: Mapping[str, Kind], values: Mapping[str, Any], axes: Axes) -> list[str]:
    """Say what is wrong with the values of output ports.

    Axes that no input has are taken from the outputs and must then agree among these.

    Args:
        kinds: output ports by name.
        values: tensors, or lists for host kinds, by the same names.
        axes: sizes, lengths and parameters known from the inputs.
    """
    faults = [fault for name in kinds for fault in _form_faults(name, kinds[name], values[name])]
    if faults:
        return faults
    known = with_fresh_axes(kinds, values, axes)
    faults += _size_faults(kinds, values, known)
    for name, kind in kinds.items():
        if isinstance(kind, Lengths):
            faults += _length_faults(name, kind, values[name], axes, known)
    if faults:
        return faults
    return [
        fault for name in kinds for fault in _value_faults(name, kinds[name], values[name], known)
    ]


def with_fresh_axes(kinds: Mapping[str, Kind], values: Mapping[str, Any], axes: Axes) -> Axes:
    """Add the axes that appear only in outputs, with the sizes and lengths found there."""
    sizes, lengths = dict(axes.sizes), dict(axes.lengths)
    for name, kind in kinds.items():
        for term, size in zip(parse_axes(kind.axes), _shape(values[name]), strict=True):
            if isinstance(term, Name) and term.name[0].isupper():
                sizes.setdefault(term.name, size)
        if isinstance(kind, Lengths) and kind.of[0].isupper() and kind.of.isidentifier():
            lengths.setdefault(kind.of, values[name])
    return replace(axes, sizes=sizes, lengths=lengths)


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape) if isinstance(value, Tensor) else (len(value),)


def _form_faults(name: str, kind: Kind, value: Any) -> Iterator[str]:
    wanted = list if kind.host else Tensor
    if not isinstance(value, wanted):
        yield f"{name}: {kind} is a {wanted.__name__}, not a {type(value).__name__}"
    elif len(_shape(value)) != len(parse_axes(kind.axes)):
        yield f"{name}: declared as [{kind.axes}], its shape is {list(_shape(value))}"
    elif isinstance(value, Tensor) and (fault := _type_fault(kind, value)):
        yield f"{name}: {fault}"


def _type_fault(kind: Kind, value: Tensor) -> str | None:
    match kind:
        case Lengths() | Tokens() | Durations():
            wanted = value.dtype is torch.int64
        case Mask():
            wanted = value.dtype is torch.bool
        case _:
            wanted = value.is_floating_point()
    return None if wanted else f"{kind} cannot be {value.dtype}"


def _size_faults(kinds: Mapping[str, Kind], values: Mapping[str, Any], axes: Axes) -> list[str]:
    faults = []
    first: dict[Term, tuple[str, int]] = {}
    for name, kind in kinds.items():
        for term, size in zip(parse_axes(kind.axes), _shape(values[name]), strict=True):
            fault = _size_fault(term, size, axes)
            other, known = first.setdefault(term, (name, size))
            if fault:
                faults.append(f"{name}: {fault}")
            elif size != known:
                faults.append(f"{name}: `{term}` is {size} long here and {known} in {other}")
    return faults


def _size_fault(term: Term, size: int, axes: Axes) -> str | None:
    axis = axis_in(term)
    wanted = axes.size(term)
    given = f" for {axis}={axes.sizes[axis]}" if axis else ""
    if isinstance(term, Name) or axis is None or role_of(axis) in (Role.BATCH, Role.WIDTH):
        return None if size == wanted else f"`{term}` is {wanted}, there are {size}"
    if size < wanted:
        return f"`{term}` says at least {wanted}{given}, there are {size}"
    if size > 1.5 * wanted + 4:  # room for padding to whole blocks, none for another stride
        return f"`{term}` says about {wanted}{given}, there are {size}"
    return None


def _length_faults(name: str, kind: Lengths, value: Tensor, axes: Axes, known: Axes) -> list[str]:
    term = parse_term(kind.of)
    found = value.tolist()
    if axis_in(term) in axes.lengths:
        wanted = axes.valid(term)
        return [] if found == wanted else [f"{name}: `{term}` says {wanted}, they are {found}"]
    size = known.size(term)
    if all(0 <= length <= size for length in found):
        return []
    return [f"{name}: `{term}` is {size} long, the lengths are {found}"]


def _value_faults(name: str, kind: Kind, value: Any, axes: Axes) -> Iterator[str]:
    if kind.host:
        return
    batched = "B" in kind.axes.split()
    for row in range(axes.sizes["B"] if batched else 1):
        where = f" in utterance {row}" if batched else ""
        part = axes.part(kind, value, row)
        if part.is_floating_point() and not part.isfinite().all():
            yield f"{name}: not finite{where}"
        elif fault := _meaning_fault(kind, part, axes):
            yield f"{name}: {fault}{where}"


def _meaning_fault(kind: Kind, part: Tensor, axes: Axes) -> str | None:
    match kind:
        case LogProbs() | Probs():
            total = (part.exp() if isinstance(kind, LogProbs) else part).sum(dim=-1)
            exact = bool(torch.allclose(total, torch.ones_like(total), atol=1e-4))
            return None if exact else "probabilities do not sum to 1"
        case Tokens():
            size = int(axes.numbers[kind.vocab])
            inside = bool(((part >= 0) & (part < size)).all())
            return None if inside else f"tokens outside 0 to {size - 1}"
    return None
