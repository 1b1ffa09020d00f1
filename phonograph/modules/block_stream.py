"""Hearing an utterance bit by bit: bits of any size become blocks of one size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

UNKNOWN_END = 1 << 40
"""Steps of an utterance that has not ended."""


class StreamState(NamedTuple):
    """What a module keeps of a stream: tensors, of the same shapes after every block.

    Args:
        rest: [B, ..., R] steps that wait for the next block.
        first: [B] the number of the first of them; below 0 it is no part of the utterance.
        end: [B] steps of the whole utterance; a very large number until it ended.
        kept: what else the module needs, a tree of tensors.
    """

    rest: Tensor
    first: Tensor
    end: Tensor
    kept: Any


class BlockStream(nn.Module, ABC):
    """A module that takes an utterance in bits, in evaluation; see `types.streaming.Streaming`.

    A class says how it begins and what it makes of whole blocks; `step` and `finish` take bits of
    any size. Bits in time order give, put together, what `forward` gives for all of them.
    """

    no_stream: str | None = None
    stride: int
    block: int

    @abstractmethod
    def late(self, late: int = 0) -> int:
        """Return how many steps before the first valid one come out."""

    @abstractmethod
    def blocks_after_end(self, late: int = 0) -> int:
        """Return how many blocks after an utterance's end its last step may come out."""

    @abstractmethod
    def begun(self, batch: int, late: int) -> tuple[Tensor, Any]:
        """Return [B, ..., R] zeros that fill up the first block, and what is kept at the start."""

    @abstractmethod
    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, Any]:
        """Take whole blocks; return what `step_blocks` does, of the state only what is kept."""

    @abstractmethod
    def nothing(self, x: Tensor) -> Tensor:
        """Return the result of no steps at all, given such steps."""

    def start(self, batch: int, late: int = 0) -> StreamState:
        """Return the state before the first step.

        Args:
            batch: utterances that are heard side by side.
            late: steps before the first that are no part of the utterances.

        Raises:
            ValueError: this module must hear a whole utterance; says why.
        """
        if self.no_stream:
            raise ValueError(f"this module must hear a whole utterance: {self.no_stream}")
        rest, kept = self.begun(batch, late)
        first = torch.full((batch,), -rest.shape[-1] - late, device=rest.device)
        return StreamState(rest, first, torch.full_like(first, UNKNOWN_END), kept)

    def step(self, x: Tensor, state: StreamState) -> tuple[Tensor, StreamState]:
        """Take the next steps, and give as much as they decide.

        Args:
            x: [B, ..., N] steps, any number of them, all valid.
            state: what went before.

        Returns:
            [B, ..., M] further steps of the result, none to begin with, and what the next call
            needs.
        """
        rest = torch.cat([state.rest, x], -1)
        size = rest.shape[-1] // self.block * self.block
        state = state._replace(rest=rest[..., size:])
        if not size:
            return self.nothing(x), state
        return self._valid(rest[..., :size], state)

    def finish(self, state: StreamState) -> Tensor:
        """Return the steps that are left, [B, ..., M], when the utterances have ended."""
        waiting = state.rest.shape[-1]
        state = state._replace(end=state.first + waiting)
        # one more, in case the stream began late
        blocks = -(-waiting // self.block) + self.blocks_after_end() + 1
        silence = state.rest.new_zeros(*state.rest.shape[:-1], blocks * self.block - waiting)
        return self._valid(torch.cat([state.rest, silence], -1), state)[0]

    def step_blocks(
        self, x: Tensor, lengths: Tensor, state: StreamState
    ) -> tuple[Tensor, Tensor, Tensor, StreamState]:
        """Take whole blocks; the same shapes every time, so it can be exported.

        Args:
            x: [B, ..., N] steps; N is a multiple of `block`.
            lengths: [B] how many of them come before the end. Fewer than N end an utterance; then
                go on with 0.
            state: what went before.

        Returns:
            [B, ..., N / stride] steps; [B] how many of them come before the start of the utterance,
            and [B] how many before its end; what the next step needs.
        """
        size, waiting = x.shape[-1], state.rest.shape[-1]
        every = torch.cat([state.rest, x], -1)
        end = state.first + waiting + lengths
        end = torch.where(lengths < size, torch.minimum(state.end, end), state.end)
        state = state._replace(rest=every[..., size:], end=end)
        return self._advanced(every[..., :size], state)

    def _advanced(
        self, x: Tensor, state: StreamState
    ) -> tuple[Tensor, Tensor, Tensor, StreamState]:
        given, before, until, kept = self.advanced(x, state)
        return given, before, until, state._replace(first=state.first + x.shape[-1], kept=kept)

    def _valid(self, x: Tensor, state: StreamState) -> tuple[Tensor, StreamState]:
        # Utterances side by side: all begin and end together.
        given, before, until, state = self._advanced(x, state)
        return given[..., int(before[0]) : int(until[0])], state
