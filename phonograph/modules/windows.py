"""Long utterances cut into blocks, each with the frames around it that it may see."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Windows:
    """Blocks of queries, and for each a window of keys.

    Attention in windows takes time and memory that grow with the length, not with its square.

    Args:
        size: frames of a block, at least 1.
        before: frames of a window before its block, at least 0.
        after: frames of a window after its block, at least 0.
    """

    size: int
    before: int
    after: int

    @property
    def span(self) -> int:
        """Frames of a window."""
        return self.before + self.size + self.after

    def count(self, frames: int) -> int:
        """Return how many blocks hold so many frames."""
        return (frames + self.size - 1) // self.size

    def blocks(self, x: Tensor) -> Tensor:
        """Cut [B, T, ...] into [B*N, size, ...]; the last block is filled up with zeros.

        >>> import torch
        >>> Windows(2, 1, 0).blocks(torch.tensor([[5, 6, 7]])).tolist()
        [[5, 6], [7, 0]]
        """
        count = self.count(x.shape[1])
        x = _padded(x, 0, count * self.size - x.shape[1])
        return x.unflatten(1, (count, self.size)).flatten(0, 1)

    def around(self, x: Tensor) -> Tensor:
        """Give for each block of [B, T, ...] its window, [B*N, span, ...], zeros outside.

        >>> import torch
        >>> Windows(2, 1, 0).around(torch.tensor([[5, 6, 7]])).tolist()
        [[0, 5, 6], [6, 7, 0]]
        """
        filled = self.count(x.shape[1]) * self.size - x.shape[1]
        x = _padded(x, self.before, filled + self.after)
        return x.unfold(1, self.span, self.size).movedim(-1, 2).flatten(0, 1)

    def joined(self, blocks: Tensor, like: Tensor) -> Tensor:
        """Put [B*N, size, ...] together to [B, T, ...], with B and T those of `like`.

        >>> import torch
        >>> Windows(2, 1, 0).joined(torch.tensor([[5, 6], [7, 0]]), torch.zeros(1, 3)).tolist()
        [[5, 6, 7]]
        """
        count = self.count(like.shape[1])
        return blocks.unflatten(0, (like.shape[0], count)).flatten(1, 2)[:, : like.shape[1]]


def _padded(x: Tensor, before: int, after: int) -> Tensor:
    return functional.pad(x, (0, 0) * (x.dim() - 2) + (before, after))
