"""What a module offers when it can hear an utterance bit by bit."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Streaming(Protocol):
    """A module that takes steps and their lengths, and can take them block by block as well.

    Put one after another, what comes out of the blocks is what the whole utterance gives.
    """

    no_stream: str | None
    """Why this one cannot, as it was built; None when it can."""

    stride: int
    """Steps it takes for a step it gives."""

    block: int
    """Steps it takes at a time."""

    def start(self, batch: int, late: int = 0) -> Any:
        """Return a tree of tensors [B, ...]: the state before the first step.

        Args:
            batch: utterances side by side.
            late: steps before the first that are no part of the utterances.
        """

    def step_blocks(self, x: Any, lengths: Any, state: Any) -> tuple[Any, Any, Any, Any]:
        """Take whole blocks.

        Args:
            x: [B, ..., N] steps; N is a multiple of `block`.
            lengths: [B] how many of them come before the end of the utterance. Fewer than N end it;
                then go on with 0 for `blocks_after_end`.
            state: what went before.

        Returns:
            [B, ..., N / stride] steps; [B] how many of them come before the start of the utterance,
            and [B] how many before its end; what the next step needs.
        """

    def late(self, late: int = 0) -> int:
        """Return how many steps before the first valid one come out.

        Args:
            late: such steps that go in.
        """

    def blocks_after_end(self, late: int = 0) -> int:
        """Return how many blocks after an utterance's end its last step may come out.

        Args:
            late: steps before the first that go in.
        """
