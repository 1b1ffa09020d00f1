"""Valid frames on the way through layers that each leave half of the frames."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def halvings_in(stride: int) -> int:
    """Count how often a stride halves the frames.

    Raises:
        ValueError: the stride is not a power of two.

    >>> halvings_in(8)
    3
    """
    if stride < 1 or stride & (stride - 1):
        raise ValueError(f"`stride` must be a power of two such as 1, 2, 4 or 8, not {stride}")
    return stride.bit_length() - 1


@dataclass(frozen=True, slots=True)
class Span:
    """Where the valid frames of each utterance begin and end.

    Args:
        end: [B] the frame after the last valid one, whole numbers.
        begin: [B] the first valid frame, where one does not begin with the batch.
    """

    end: Tensor
    begin: Tensor | None = None

    def mask(self, size: int) -> Tensor:
        """Mark the valid ones of `size` frames, [B, size].

        >>> Span(torch.tensor([3]), torch.tensor([1])).mask(4)
        tensor([[False,  True,  True, False]])
        """
        steps = torch.arange(size, device=self.end.device).unsqueeze(0)
        mask = steps < self.end.unsqueeze(1)
        return mask if self.begin is None else mask & (steps >= self.begin.unsqueeze(1))

    def halved(self, *, causal: bool) -> Span:
        """Return where they are after every second frame is left out.

        Args:
            causal: whether a frame is left over at the end, as a causal convolution does with an
                even number.

        >>> Span(torch.tensor([4, 5])).halved(causal=False).end.tolist()
        [2, 3]
        >>> Span(torch.tensor([4, 5])).halved(causal=True).end.tolist()
        [3, 3]
        """
        end = torch.div(self.end + (2 if causal else 1), 2, rounding_mode="floor")
        begin = None if self.begin is None else (self.begin + 1) // 2
        return Span(end, begin)
