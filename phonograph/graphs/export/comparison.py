"""An exported file against the view it was made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from phonograph.graphs.export.examples import example
from phonograph.graphs.export.exported_view import ExportedPort, ExportedView

TOLERANCE = 1e-4
"""What two results may differ by, plus a tenth of that relative to the value."""

BATCHES = ((0.61,), (1.7,), (4.13,), (2.03, 1.21))
"""Seconds of the utterances of each batch that is compared."""

Runner = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One batch through both.

    Args:
        seconds: one duration an utterance.
        differences: output -> the largest difference on valid steps; infinite where sizes or whole
            numbers differ, or a value is not finite in one of them.
        agrees: whether every output is within the tolerance.
    """

    seconds: tuple[float, ...]
    differences: Mapping[str, float]
    agrees: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "seconds": list(self.seconds),
            "differences": dict(self.differences),
            "agrees": self.agrees,
        }


def compare(view: ExportedView, run: Runner) -> list[Comparison]:
    """Run several batches through an exported file and through the view.

    Args:
        view: what was exported, in evaluation mode.
        run: takes the inputs by name, gives the outputs by name.

    Returns:
        three lengths, then two utterances of unequal lengths.
    """
    return [_compare(view, run, seconds) for seconds in BATCHES]


def _compare(view: ExportedView, run: Runner, seconds: tuple[float, ...]) -> Comparison:
    given = example(view, seconds, seed=1)
    with torch.no_grad():
        expected = view.module(*given.values())
    found = run(given)
    counts = {port.counts: given[port.name] for port in view.inputs if port.counts}
    counts |= {port.counts: expected[port.name] for port in view.outputs if port.counts}
    differences, agreed = {}, []
    for port in view.outputs:
        pair = found[port.name], expected[port.name]
        if pair[0].shape != pair[1].shape or pair[0].dtype != pair[1].dtype:
            differences[port.name] = float("inf")
            agreed.append(False)
            continue
        difference, allowed = _distance(*pair, _valid(port, pair[1], counts))
        differences[port.name] = difference
        agreed.append(allowed)
    return Comparison(seconds, differences, all(agreed))


def _valid(port: ExportedPort, value: Tensor, counts: Mapping[str, Tensor]) -> Tensor:
    """Mark the values that an utterance's length covers."""
    mask = torch.ones(value.shape, dtype=torch.bool)
    for place, axis in enumerate(port.axes):
        if axis in counts and "B" in port.axes:
            steps = torch.arange(value.shape[place]).unsqueeze(0) < counts[str(axis)].unsqueeze(1)
            shape = [1] * value.ndim
            shape[port.axes.index("B")], shape[place] = steps.shape
            mask &= steps.reshape(shape)
    return mask


def _distance(found: Tensor, expected: Tensor, valid: Tensor) -> tuple[float, bool]:
    found, expected = found[valid], expected[valid]
    if not expected.is_floating_point():
        same = torch.equal(found, expected)
        return (0.0 if same else float("inf")), same
    same = bool(torch.allclose(found, expected, rtol=TOLERANCE / 10, atol=TOLERANCE))
    far = (found - expected).abs()
    far[found == expected] = 0.0  # equal infinities
    largest = float(far.max()) if far.numel() else 0.0
    return (largest if largest == largest else float("inf")), same
