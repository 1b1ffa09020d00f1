"""Where the steps of a stream stand in their utterances."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the steps of a stream stand.

    Args:
        first: [B] position of the first one; before 0 nothing was said yet.
        end: [B] positions from here on are after the end of the utterance.
    """

    first: Tensor
    end: Tensor

    def earlier(self, steps: int) -> Moment:
        """Return where steps that come so much later stand."""
        return Moment(self.first - steps, self.end)

    def mask(self, size: int) -> Tensor:
        """Mark the valid ones of `size` steps, [B, size].

        >>> Moment(torch.tensor([-1]), torch.tensor([2])).mask(4)
        tensor([[False,  True,  True, False]])
        """
        positions = self.positions(size)
        return (positions >= 0) & (positions < self.end.unsqueeze(1))

    def silenced(self, x: Tensor) -> Tensor:
        """Return steps [B, ..., N] with zeros for those that are not valid, NaN included."""
        mask = self.mask(x.shape[-1]).view(x.shape[0], *(1,) * (x.dim() - 2), -1)
        return x.masked_fill(~mask, 0.0)

    def within(self, size: int) -> tuple[Tensor, Tensor]:
        """Count how many of `size` steps come before the utterance's start, and before its end.

        >>> Moment(torch.tensor([-1]), torch.tensor([2])).within(4)
        (tensor([1]), tensor([3]))
        """
        return (-self.first).clamp(0, size), (self.end - self.first).clamp(0, size)

    def positions(self, size: int) -> Tensor:
        """Return the positions of `size` steps, [B, size]."""
        return self.first.unsqueeze(1) + torch.arange(size, device=self.first.device)
