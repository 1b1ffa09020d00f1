"""Frames of several branches, cut to one length."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def equally_long(frames: Sequence[Tensor]) -> list[Tensor]:
    """Cut padding off, so that frames which are valid for equally long are equally long.

    Encoders may give more padding than others; what is valid is never longer than the shortest.

    Args:
        frames: [B, D, T] each, with a width and a length of its own.

    Returns:
        [B, D, T] each, with the smallest T of all.

    >>> import torch
    >>> [x.shape[2] for x in equally_long([torch.zeros(1, 2, 9), torch.zeros(1, 5, 8)])]
    [8, 8]
    """
    size = min(x.shape[-1] for x in frames)
    return [x if x.shape[-1] == size else x[..., :size] for x in frames]
