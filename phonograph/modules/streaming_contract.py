"""Whether a module that hears an utterance bit by bit gives what it gives for the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from phonograph.modules.block_stream import BlockStream

_TOLERANCE = 1e-4
_LATE = 3
_LARGEST_BIT = 9
_MOST_CALLS = 48  # for more blocks several are taken together

Whole = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Takes [B, ..., T] steps and lengths, gives [B, ..., T'] steps and their lengths."""


@torch.no_grad()
def streaming_faults(
    module: BlockStream, whole: Whole, x: Tensor, lengths: Tensor, generator: torch.Generator
) -> list[str]:
    """Run utterances bit by bit, and say where that differs from hearing them as a whole.

    Each goes through `step` in bits of random sizes. Together they go through `step_blocks`, also
    as a stage further down a stream does, after steps that are no part of them.

    Args:
        module: in evaluation.
        whole: what it does with whole utterances.
        x: [B, ..., T] steps.
        lengths: [B] valid steps.
        generator: decides the bits.
    """
    given, counts = whole(x, lengths)
    expected = [row[..., :count] for row, count in zip(given, counts.tolist(), strict=True)]
    rows = zip(x, lengths.tolist(), strict=True)
    bits = [_in_bits(module, row[None, ..., :size], generator) for row, size in rows]
    ways = {"bit by bit": bits, "block by block": _in_blocks(module, x, lengths, 0)}
    ways["block by block, later"] = _in_blocks(module, x, lengths, _LATE)
    return [
        f"{way} it gives something else than for the whole utterance: {fault}"
        for way, found in ways.items()
        for fault in _differences(found, expected)
    ]


def _in_bits(module: BlockStream, x: Tensor, generator: torch.Generator) -> Tensor:
    state, parts, first = module.start(len(x)), [], 0
    while first < x.shape[-1]:
        size = int(torch.randint(0, _LARGEST_BIT * module.stride, (), generator=generator))
        part, state = module.step(x[..., first : first + size], state)
        parts.append(part)
        first += size
    return torch.cat([*parts, module.finish(state)], -1)[0]


def _in_blocks(module: BlockStream, x: Tensor, lengths: Tensor, late: int) -> list[Tensor]:
    state: Any = module.start(len(x), late)
    x, lengths = functional.pad(x, (late, 0)), lengths + late
    blocks = -(-x.shape[-1] // module.block) + module.blocks_after_end(late)
    size = module.block * -(-blocks // _MOST_CALLS)
    x = functional.pad(x, (0, blocks * module.block - x.shape[-1]))
    parts: list[list[Tensor]] = [[] for _ in x]
    for first in range(0, x.shape[-1], size):
        block = x[..., first : first + size]
        left = (lengths - first).clamp(0, block.shape[-1])
        given, before, until, state = module.step_blocks(block, left, state)
        for row, part in enumerate(parts):
            part.append(given[row, ..., int(before[row]) : int(until[row])])
    return [torch.cat(part, -1) for part in parts]


def _differences(found: list[Tensor], expected: list[Tensor]) -> Iterator[str]:
    for row, (one, other) in enumerate(zip(found, expected, strict=True)):
        if one.shape != other.shape:
            yield f"utterance {row} has the sizes {list(one.shape)}, not {list(other.shape)}"
        elif one.numel():
            far = float((one - other).abs().max())
            if not far <= _TOLERANCE * max(1.0, float(other.abs().max())):
                yield f"utterance {row} by {far:.2g}"
