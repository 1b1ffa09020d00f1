"""Sinusoids that tell attention where a step stands, or how far apart two steps are."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_LONGEST_WAVE = 10000.0


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """Code numbers as sines and cosines of falling rates (Vaswani et al. 2017, sec. 3.5).

    Args:
        positions: [...] whole numbers, negative ones too.
        width: channels of a code, even.

    Returns:
        [..., width] float32; sines and cosines take turns.

    >>> sinusoids(torch.tensor([1, 0]), 2)
    tensor([[0.8415, 0.5403],
            [0.0000, 1.0000]])
    """
    # float32: positions beyond 256 are not whole numbers in bf16.
    step = -math.log(_LONGEST_WAVE) / width
    even = torch.arange(0, width, 2, device=positions.device, dtype=torch.float32)
    angle = positions.to(torch.float32).unsqueeze(-1) * torch.exp(even * step)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2)


def distance_codes(queries: int, keys: int, before: int, like: Tensor) -> Tensor:
    """Code every distance between a query and a key (Dai et al. 2019, 1901.02860, sec. 3.3).

    Args:
        queries: number of queries, one after another.
        keys: number of keys, one after another.
        before: how many of the keys stand before the first query.
        like: [..., width] frames that give width (even), dtype and device.

    Returns:
        [queries + keys, width]: row c codes the distance `before + queries - 1 - c` of a query from
        its key. The last row is one more than needed; `by_key` wants it.

    >>> distance_codes(2, 2, 0, torch.zeros(2))[:, 1]  # cosines of 1, 0, -1 and -2
    tensor([ 0.5403,  1.0000,  0.5403, -0.4161])
    """
    farthest = before + queries - 1
    distances = farthest - torch.arange(queries + keys, device=like.device)
    return sinusoids(distances, like.shape[-1]).to(like.dtype)


def skewed_codes(codes: Tensor, before: int, queries: int, reach: tuple[int, int]) -> Tensor:
    """Move the codes of distances to where NeMo adds their scores in local attention.

    There, the scores of keys on the shorter side of a query stand as far from it as the longer side
    reaches; models that were trained so need it.

    Args:
        codes: [P, width] rows of `distance_codes`.
        before: as given to it.
        queries: as given to it.
        reach: steps before and after a query that it sees.

    Returns:
        [P, width]: row c codes another distance than before, or is zero.
    """
    left, right = reach
    longer = max(reach)
    distance = before + queries - 1 - torch.arange(codes.shape[0], device=codes.device)
    earlier, later = distance > longer - left, distance <= right - longer
    moved = distance + torch.where(earlier, left - longer, longer - right)
    found = sinusoids(moved, codes.shape[1]).to(codes.dtype)
    return found.masked_fill(~(earlier | later).unsqueeze(1), 0.0)


def by_key(by_distance: Tensor) -> Tensor:
    """Turn scores by distance into scores by key, without a copy (Dai et al. 2019, appendix B).

    Args:
        by_distance: [..., Q, Q+K] score of each query against the rows of `distance_codes`, side by
            side in memory.

    Returns:
        [..., Q, K] score of each query against each key, a view.

    >>> by_key(torch.tensor([[1.0, 0.0, -1.0, -2.0], [1.0, 0.0, -1.0, -2.0]]))
    tensor([[ 0., -1.],
            [ 1.,  0.]])
    """
    queries, distances = by_distance.shape[-2:]
    keys = distances - queries
    # Read in rows one shorter than they are, each row begins one column further to the left.
    flat = by_distance.flatten(-2).narrow(-1, queries - 1, queries * (distances - 1))
    return flat.unflatten(-1, (queries, distances - 1))[..., :keys]
