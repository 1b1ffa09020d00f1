"""Which steps of a padded batch are real."""

from __future__ import annotations

import torch
from torch import Tensor


def valid_mask(lengths: Tensor, size: int) -> Tensor:
    """Mark the steps before each utterance's end.

    Args:
        lengths: [B] valid steps per utterance, whole numbers.
        size: steps of the padded axis.

    Returns:
        [B, size], True where a step is valid.

    >>> valid_mask(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """
    steps = torch.arange(size, device=lengths.device)
    return steps.unsqueeze(0) < lengths.unsqueeze(1)


def zero_padding(frames: Tensor, lengths: Tensor) -> Tensor:
    """Set every step at or after each utterance's end to zero, NaN and infinity included.

    Args:
        frames: [B, D, T] frames, channels first.
        lengths: [B] valid steps per utterance, whole numbers.

    Returns:
        [B, D, T], the same frames with zeros in the padding.

    >>> zero_padding(torch.ones(1, 1, 3), torch.tensor([2]))
    tensor([[[1., 1., 0.]]])
    """
    mask = valid_mask(lengths, frames.shape[-1]).unsqueeze(1)
    return frames.masked_fill(~mask, 0.0)
