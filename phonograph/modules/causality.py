"""Whether outputs look as far ahead as their module declares: change what comes later, listen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from phonograph.modules.random_inputs import Batch
from phonograph.types.axes import Role, role_of
from phonograph.types.kinds import Kind, Lengths, parse_axes
from phonograph.types.step_functions import slope_and_period
from phonograph.types.terms import Constant, Term, axis_in, substitute

Run = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_LOUD = 1e4  # so that what stands at the edge of a window is heard
_TOLERANCE = 1e-5

_MANY = 1000
_EVERY = 31  # a prime, so that every phase of a resampler is met


@dataclass(frozen=True, slots=True)
class Probe:
    """A module to listen to, with one utterance without padding.

    Args:
        run: takes inputs by name, returns outputs by name, the same for the same inputs.
        inputs: kinds of the inputs.
        outputs: kinds of the outputs.
        batch: one utterance.
        ahead: input steps after its own that an output is declared to depend on.
    """

    run: Run
    inputs: Mapping[str, Kind]
    outputs: Mapping[str, Kind]
    batch: Batch
    ahead: float


def look_ahead_faults(probe: Probe) -> list[str]:
    """Say where an output depends on later input than declared, or on less of it.

    Every frame t, and every 31st where there are more than 1000, is tried twice: with everything
    changed that lies beyond its look-ahead, which it must not notice, and with only the last step
    changed that it may depend on, which some frame must notice.
    """
    axis = _time_axis(probe.inputs)
    if axis is None:
        return []
    return [
        fault
        for name, kind in probe.outputs.items()
        if not kind.host and not isinstance(kind, Lengths)
        for fault in _output_faults(probe, axis, name, kind)
    ]


def _time_axis(kinds: Mapping[str, Kind]) -> str | None:
    for kind in kinds.values():
        for term in parse_axes(kind.axes):
            axis = axis_in(term)
            if axis and role_of(axis) is Role.TIME and not isinstance(kind, Lengths):
                return axis
    return None


def _output_faults(probe: Probe, axis: str, name: str, kind: Kind) -> Iterator[str]:
    terms = parse_axes(kind.axes)
    place = next((at for at, term in enumerate(terms) if axis_in(term) == axis), None)
    if place is None or probe.batch.axes.sizes["B"] != 1:
        return
    steps, stride = probe.batch.axes.sizes[axis], _stride(terms[place], probe)
    if probe.ahead == math.inf:
        # a stride may leave out the very last steps, but never as many as itself
        last = steps - min(steps, math.ceil(stride))
        heard = _heard(probe, axis, name, place, [(0, last, steps)])[0]
        # what a recurrent layer hears from far away is too faint to see, but not its gradient
        if not heard and not _reached(probe, axis, name, place, last):
            yield f"{name}: it does not depend on the whole utterance, as look_ahead says"
        return
    own = [(frame, math.ceil(frame * stride + probe.ahead)) for frame in range(steps)]
    own = [(frame, last) for frame, last in own if last + 1 < steps]
    own = own[::_EVERY] if len(own) > _MANY else own  # of samples, not all: all are too slow
    beyond = _heard(probe, axis, name, place, [(f, last + 1, steps) for f, last in own])
    for (frame, last), heard in zip(own, beyond, strict=True):
        if heard:
            yield f"{name}: frame {frame} depends on steps after {last}, against its look_ahead"
            return
    # nothing is claimed by 0: some modules need nothing but the past
    if (
        own
        and probe.ahead
        and not any(_heard(probe, axis, name, place, [(f, p, p + 1) for f, p in own]))
    ):
        yield f"{name}: no frame looks {probe.ahead:g} steps ahead, as look_ahead says"


def _stride(term: Term, probe: Probe) -> Fraction:
    numbers: dict[str, Term] = {n: Constant(v) for n, v in probe.batch.axes.numbers.items()}
    return 1 / slope_and_period(substitute(term, numbers))[0]


def _heard(
    probe: Probe, axis: str, name: str, place: int, changes: list[tuple[int, int, int]]
) -> list[bool]:
    """For each (frame, start, end) tell whether frames up to it notice steps start to end."""
    if not changes:
        return []
    same = {n: _repeated(v, len(changes)) for n, v in probe.batch.values.items()}
    other = dict(same)
    for port, kind in probe.inputs.items():
        at = [axis_in(term) for term in parse_axes(kind.axes)]
        if axis in at and same[port].is_floating_point():
            loud = _LOUD
            other[port] = _changed(same[port], at.index(axis), changes, loud)
    before, after = probe.run(same)[name], probe.run(other)[name]
    scale = max(1.0, float(before.abs().max()))
    return [
        bool(
            (before[row] - after[row]).narrow(place - 1, 0, frame + 1).abs().max()
            > _TOLERANCE * scale
        )
        for row, (frame, _, _) in enumerate(changes)
    ]


def _reached(probe: Probe, axis: str, name: str, place: int, start: int) -> bool:
    """Tell whether the gradient of the first frame reaches the steps from `start` on."""
    leaves: dict[str, Tensor] = {}
    places: list[int] = []
    for port, kind in probe.inputs.items():
        at = [axis_in(term) for term in parse_axes(kind.axes)]
        value = probe.batch.values[port]
        if axis in at and isinstance(value, Tensor) and value.is_floating_point():
            leaves[port] = value.clone().requires_grad_()
            places.append(at.index(axis))
    with torch.enable_grad():
        frame = probe.run({**probe.batch.values, **leaves})[name].narrow(place, 0, 1)
        if not frame.requires_grad:
            return False
        aim = (frame * torch.randn_like(frame)).sum()
        slopes = torch.autograd.grad(aim, list(leaves.values()), allow_unused=True)
    return any(
        slope is not None and bool(slope.narrow(at, start, slope.shape[at] - start).any())
        for slope, at in zip(slopes, places, strict=True)
    )


def _repeated(value: Any, count: int) -> Any:
    return value.repeat_interleave(count, 0) if isinstance(value, Tensor) else value * count


def _changed(value: Tensor, place: int, changes: list[tuple[int, int, int]], loud: float) -> Tensor:
    other = value.clone()
    for row, (_, start, end) in enumerate(changes):
        part = other[row].narrow(place - 1, start, end - start)
        part.add_(loud * torch.randn_like(part).sign())
    return other
