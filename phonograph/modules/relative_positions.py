"""What attention with relative positions needs: a table of sinusoids and the shift."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_LONGEST_WAVE = 10000.0


def relative_sinusoids(like: Tensor) -> Tensor:
    """Code every distance between two steps (Dai et al. 2019, arXiv 1901.02860, sec. 3.3).

    Args:
        like: [B, T, D] frames that give number of steps, width (even), dtype and device.

    Returns:
        [2T-1, D]: row k codes the distance T-1-k of a query from its key, which falls from T-1 (the
        last query, the first key) to -(T-1). Sines and cosines take turns along D.

    >>> relative_sinusoids(torch.zeros(1, 2, 2))[:, 1]  # cosines of 1, 0, -1
    tensor([0.5403, 1.0000, 0.5403])
    """
    size, width = like.shape[1], like.shape[2]
    # float32: positions beyond 256 are not whole numbers in bf16.
    distance = torch.arange(size - 1, -size, -1, device=like.device, dtype=torch.float32)
    step = -math.log(_LONGEST_WAVE) / width
    rate = torch.exp(torch.arange(0, width, 2, device=like.device, dtype=torch.float32) * step)
    angle = distance.unsqueeze(1) * rate
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1).to(like.dtype)


def shift(by_distance: Tensor) -> Tensor:
    """Turn scores by distance into scores by key (Dai et al. 2019, appendix B).

    Args:
        by_distance: [..., T, 2T-1] score of each query against the distances T-1 to -(T-1).

    Returns:
        [..., T, T] score of each query against each key.

    >>> shift(torch.tensor([[1.0, 0.0, -1.0], [1.0, 0.0, -1.0]]))
    tensor([[ 0., -1.],
            [ 1.,  0.]])
    """
    size, distances = by_distance.shape[-2:]
    # One zero before each row moves every row of the flat memory one place further than the last.
    padded = functional.pad(by_distance, (1, 0)).flatten(-2)
    shifted = padded[..., size:].unflatten(-1, (size, distances))
    return shifted[..., :size]
