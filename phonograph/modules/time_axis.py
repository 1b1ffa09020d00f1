"""The valid frames of a padded batch, marked once for every frame rate of a network."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from phonograph.modules.masks import valid_mask


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """How long utterances are, at one frame rate.

    Args:
        lengths: [B] valid frames.
        mask: [B, 1, 1, T], True where a frame is valid; for frames [B, D, 1, T].
    """

    lengths: Tensor
    mask: Tensor

    @classmethod
    def of(cls, lengths: Tensor, size: int) -> TimeAxis:
        """Mark the valid ones of `size` frames.

        >>> import torch
        >>> TimeAxis.of(torch.tensor([1, 3]), 3).mask.flatten(1)
        tensor([[ True, False, False],
                [ True,  True,  True]])
        """
        return cls(lengths, valid_mask(lengths, size)[:, None, None])

    def strided(self, stride: int) -> TimeAxis:
        """Return the axis when only every `stride`-th frame is kept, rounded up.

        >>> import torch
        >>> TimeAxis.of(torch.tensor([4, 5]), 5).strided(2).lengths
        tensor([2, 3])
        """
        if stride == 1:
            return self
        kept = (self.lengths + stride - 1) // stride
        return TimeAxis.of(kept, (self.mask.shape[3] + stride - 1) // stride)
