"""A module that hears an utterance bit by bit as one inside of it does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor

from phonograph.modules.block_stream import BlockStream, StreamState


class WrappedStream(BlockStream):
    """A module around another one, which keeps all that a stream needs.

    Args:
        inner: the other one.
    """

    def __init__(self, inner: BlockStream) -> None:
        super().__init__()
        self.stride, self.block = inner.stride, inner.block
        self.no_stream = inner.no_stream

    @property
    @abstractmethod
    def inner(self) -> BlockStream:
        """The other one."""

    def late(self, late: int = 0) -> int:
        """Return how many steps before the first valid one come out."""
        return self.inner.late(late)

    def blocks_after_end(self, late: int = 0) -> int:
        """Return how many blocks after an utterance's end its last step may come out."""
        return self.inner.blocks_after_end(late)

    def begun(self, batch: int, late: int) -> tuple[Tensor, Any]:
        """Return the steps and the state that a stream begins with."""
        return self.inner.begun(batch, late)

    def advanced(self, x: Tensor, state: StreamState) -> tuple[Tensor, Tensor, Tensor, Any]:
        """Take the next blocks of a stream."""
        return self.inner.advanced(x, state)

    def nothing(self, x: Tensor) -> Tensor:
        """Return no steps."""
        return self.inner.nothing(x)
