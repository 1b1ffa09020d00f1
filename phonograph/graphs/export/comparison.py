"""An exported file against the view it was made from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from phonograph.graphs.export.examples import example
from phonograph.graphs.export.exported_view import ExportedPort, ExportedView

TOLERANCE = 1e-4
"""What two results may differ by, plus a tenth of that relative to the value."""

MOST_UNSTEADY = 1e-2
"""How far a view may move by rounding and still be compared."""

BATCHES = ((0.61,), (1.7,), (4.13,), (2.03, 1.21))
"""Seconds of the utterances of each batch that is compared."""

_LAST_DIGIT = 2.0**-23
_DRAWS = 4

Values = Mapping[str, Tensor]
Runner = Callable[[Values], Values]


@dataclass(frozen=True, slots=True)
class Difference:
    """One batch through both.

    Args:
        seconds: one duration an utterance.
        largest: output -> the largest difference on valid steps; infinite where sizes or whole
            numbers differ, or a value is not finite in one of them.
        beyond: by how much more than the relative part of the tolerance they differ.
    """

    seconds: tuple[float, ...]
    largest: Mapping[str, float]
    beyond: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """An exported file against its view.

    Args:
        differences: batch by batch.
        unsteady: how far the view itself moves when its input moves by less than its last digit; 0
            where the file agrees without that being asked.
    """

    differences: tuple[Difference, ...]
    unsteady: float

    @property
    def tolerance(self) -> float:
        """What the file may differ by: what two programs of the same view do, at the least."""
        return TOLERANCE + (2 * self.unsteady if self.unsteady <= MOST_UNSTEADY else 0.0)

    @property
    def wrong(self) -> list[Difference]:
        """The batches that do not agree."""
        return [one for one in self.differences if not one.beyond <= self.tolerance]

    def to_json(self) -> dict[str, Any]:
        """Plain data; what is infinite or no number is null."""
        return {
            "tolerance": self.tolerance,
            "unsteady": self.unsteady,
            "batches": [
                {"seconds": list(one.seconds), "differences": _finite(one.largest)}
                for one in self.differences
            ],
        }


def compare(view: ExportedView, run: Runner) -> Comparison:
    """Run several batches through an exported file and through the view.

    Some views are unsteady: one that rounds its features to half precision moves by 1e-3 when its
    audio moves by a last digit. Two programs that add up in another order then differ by as much,
    and the tolerance is widened by what the view itself moves.

    Args:
        view: what was exported, in evaluation mode.
        run: takes the inputs by name, gives the outputs by name.

    Returns:
        three lengths, then two utterances of unequal lengths.
    """
    batches = [example(view, seconds, seed=1) for seconds in BATCHES]
    expected = [_run(view, given) for given in batches]
    differences = tuple(
        _difference(view, seconds, given, (run(given), wanted))
        for seconds, given, wanted in zip(BATCHES, batches, expected, strict=True)
    )
    found = Comparison(differences, 0.0)
    if not found.wrong:
        return found
    return Comparison(differences, _unsteadiness(view, batches, expected))


def _run(view: ExportedView, given: Values) -> Values:
    with torch.no_grad():
        return dict(view.module(*given.values()))


def _difference(
    view: ExportedView, seconds: tuple[float, ...], given: Values, results: tuple[Values, Values]
) -> Difference:
    found, expected = results
    counts = {port.counts: given[port.name] for port in view.inputs if port.counts}
    counts |= {port.counts: expected[port.name] for port in view.outputs if port.counts}
    largest, beyond = {}, 0.0
    for port in view.outputs:
        wanted = expected[port.name]
        far = _distance(found[port.name], wanted, _valid(port, wanted, counts))
        largest[port.name] = far[0]
        beyond = max(beyond, far[1])
    return Difference(seconds, largest, beyond)


def _unsteadiness(
    view: ExportedView, batches: Sequence[Values], expected: Sequence[Values]
) -> float:
    """Move the inputs by less than their last digit, and see how far the outputs move."""
    generator = torch.Generator().manual_seed(0)
    moved = [
        _difference(view, (), given, (_run(view, _nudged(given, generator)), wanted)).beyond
        for given, wanted in zip(batches, expected, strict=True)
        for _ in range(_DRAWS)
    ]
    return max(moved)


def _nudged(given: Values, generator: torch.Generator) -> Values:
    def nudge(value: Tensor) -> Tensor:
        steps = torch.randint(-1, 2, value.shape, generator=generator)
        return value * (1 + _LAST_DIGIT * steps)

    return {n: nudge(value) if value.is_floating_point() else value for n, value in given.items()}


def _valid(port: ExportedPort, value: Tensor, counts: Values) -> Tensor:
    """Mark the values that an utterance's length covers."""
    mask = torch.ones(value.shape, dtype=torch.bool)
    for place, axis in enumerate(port.axes):
        if axis in counts and "B" in port.axes:
            steps = torch.arange(value.shape[place]).unsqueeze(0) < counts[str(axis)].unsqueeze(1)
            shape = [1] * value.ndim
            shape[port.axes.index("B")], shape[place] = steps.shape
            mask &= steps.reshape(shape)
    return mask


def _distance(found: Tensor, expected: Tensor, valid: Tensor) -> tuple[float, float]:
    """Return the largest difference, and by how much it exceeds the relative tolerance."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return math.inf, math.inf
    found, expected = found[valid], expected[valid]
    if not expected.is_floating_point():
        return (0.0, 0.0) if torch.equal(found, expected) else (math.inf, math.inf)
    far = (found - expected).abs().masked_fill(found == expected, 0.0)  # equal infinities
    far = far.nan_to_num(nan=math.inf, posinf=math.inf)
    beyond = far - TOLERANCE / 10 * expected.abs().nan_to_num(posinf=0.0)
    return _largest(far), _largest(beyond)


def _largest(values: Tensor) -> float:
    return float(values.max()) if values.numel() else 0.0


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
