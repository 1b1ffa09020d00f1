"""Modules of a view that carry a state along a stream."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from phonograph.graphs.model import Model
from phonograph.graphs.views import View
from phonograph.types.streaming import Streaming


@dataclass(frozen=True, slots=True)
class Stage:
    """A module of a view that carries a state along a stream.

    Args:
        name: its node.
        module: the module itself.
        late: steps before the first valid one that go in.
        state: what it keeps before anything was heard, of one utterance.
    """

    name: str
    module: Streaming
    late: int
    state: Any

    @property
    def states(self) -> dict[str, Tensor]:
        """The tensors of the state, by the names they have in an exported file."""
        return dict(_named(self.state, self.name))


class StageStep(nn.Module):
    """One step of a stage whose state is a list of tensors.

    Args:
        stage: which.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage: Any = stage.module
        self.like = stage.state

    def forward(self, x: Tensor, lengths: Tensor, state: list[Tensor]) -> tuple[Tensor, ...]:
        """Take blocks; return steps, valid ones, those before the start, and the next state."""
        before = _rebuilt(self.like, iter(state))
        given, first, until, after = self.stage.step_blocks(x, lengths, before)
        return given, until, first, *(value for _, value in _named(after, ""))


def stages_of(model: Model, view: View) -> Iterator[Stage]:
    """Give the stages of a view, first to last.

    Args:
        model: the built graph, in evaluation.
        view: the view.
    """
    late = 0
    for name in view.core:
        module = model.modules[name]
        if isinstance(module, Streaming):
            yield Stage(name, module, late, module.start(1, late))
            late = module.late(late)


def blocks_of(stages: Sequence[Stage]) -> tuple[int, int]:
    """Return the steps of a block of the first stage, and how many may follow the end.

    >>> blocks_of([])
    (1, 0)
    """
    block = 1
    for stage in reversed(stages):
        block = math.lcm(block * stage.module.stride, stage.module.block)
    after_end, steps = 0, block
    for stage in stages:
        own = stage.module.blocks_after_end(stage.late) * stage.module.block
        after_end += -(-own // steps)
        steps //= stage.module.stride
    return block, after_end


def _named(state: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """Give the tensors of a state, each by where it is."""
    if isinstance(state, Tensor):
        yield name, state
        return
    parts = getattr(state, "_fields", range(len(state)))
    for part, value in zip(parts, state, strict=True):
        yield from _named(value, f"{name}_{part}")


def _rebuilt(like: Any, tensors: Iterator[Tensor]) -> Any:
    """Put tensors into a state of the same kind."""
    if isinstance(like, Tensor):
        return next(tensors)
    parts = [_rebuilt(value, tensors) for value in like]
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)
