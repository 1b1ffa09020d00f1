"""An exported step against the view: block after block it must give what whole utterances give."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.graphs.export.comparison import (
    BATCHES,
    TOLERANCE,
    Comparison,
    Difference,
    Runner,
    Values,
)
from phonograph.graphs.export.examples import example
from phonograph.graphs.export.streaming import NEXT, VALID, StreamView


def compare_stream(view: StreamView, run: Runner) -> Comparison:
    """Run several batches through an exported step, block by block, and through the view.

    Args:
        view: what was exported.
        run: takes the inputs of a step by name, gives its outputs by name.

    Returns:
        three lengths, then two utterances of unequal lengths.
    """
    return Comparison(tuple(_difference(view, run, seconds) for seconds in BATCHES), 0.0)


@torch.no_grad()
def heard(view: StreamView, run: Runner, given: Values) -> list[dict[str, Tensor]]:
    """Run utterances block by block.

    Args:
        view: what was exported.
        run: as above.
        given: whole utterances and their lengths.

    Returns:
        for each utterance the valid steps of every output, time first.
    """
    whole, lengths = (given[port.name] for port in view.whole.inputs)
    axis = view.time_of(view.whole.inputs[0])
    outputs = [port for port in view.whole.outputs if not port.counts]
    names = [port.name for port in view.step.inputs]
    state = view.states(len(lengths))
    found: list[dict[str, list[Tensor]]] = [{p.name: [] for p in outputs} for _ in lengths]
    blocks = math.ceil(whole.shape[axis] / view.block) + view.blocks_after_end
    for number in range(blocks):
        left = (lengths - number * view.block).clamp(0, view.block)
        block = _block(whole, axis, number * view.block, view.block)
        results = run({names[0]: block, names[1]: left, **state})
        state = {name: results[NEXT + name] for name in state}
        for port in outputs:
            value = results[port.name].movedim(view.time_of(port), 1)
            for row, mask in enumerate(results[VALID]):
                found[row][port.name].append(value[row][mask])
    return [{name: torch.cat(parts) for name, parts in row.items()} for row in found]


def _block(whole: Tensor, axis: int, first: int, size: int) -> Tensor:
    left = max(0, min(size, whole.shape[axis] - first))
    block = whole.narrow(axis, min(first, whole.shape[axis]), left)
    behind = [0, 0] * (whole.ndim - 1 - axis)
    return functional.pad(block, [*behind, 0, size - left]).contiguous()


def _difference(view: StreamView, run: Runner, seconds: tuple[float, ...]) -> Difference:
    given = example(view.whole, seconds, seed=1)
    with torch.no_grad():
        expected = view.whole.module(*given.values())
    streamed = heard(view, run, given)
    largest: dict[str, float] = {}
    beyond = 0.0
    for port in view.whole.outputs:
        if port.counts:
            continue
        counts = _counts(view, expected, port.axes)
        whole = expected[port.name].movedim(view.time_of(port), 1)
        for row, count in enumerate(counts.tolist()):
            far = _distance(streamed[row][port.name], whole[row, :count])
            largest[port.name] = max(largest.get(port.name, 0.0), far[0])
            beyond = max(beyond, far[1])
    return Difference(seconds, largest, beyond)


def _counts(
    view: StreamView, expected: Mapping[str, Tensor], axes: tuple[str | int, ...]
) -> Tensor:
    counting = (port for port in view.whole.outputs if port.counts and port.counts in axes)
    return expected[next(counting).name]


def _distance(found: Tensor, expected: Tensor) -> tuple[float, float]:
    if found.shape != expected.shape:
        return math.inf, math.inf
    far = (found - expected).abs().nan_to_num(nan=math.inf)
    beyond = far - TOLERANCE / 10 * expected.abs()
    return (float(far.max()), float(beyond.max())) if far.numel() else (0.0, 0.0)
