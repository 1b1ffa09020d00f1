"""From the scores of a joint network to the two that a transducer's lattice needs at each point.

A lattice of T frames and U+1 prefixes of the transcript has a score for every vocabulary entry at
every point, while its paths use two: the blank's and the next token's. Normalising and picking them
in one operator, a slice at a time, keeps no copy of the scores but their gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from phonograph.modules.masks import valid_mask

# Slices of a few megabytes stay near the processor; an accelerator wants fewer, larger ones.
_SLICE = {"cpu": 1 << 20}
_SLICE_ELSEWHERE = 1 << 26


def token_scores(
    logits: Tensor, targets: Tensor, target_lengths: Tensor, blank: int
) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities of the blank and of the next token at every point of a lattice.

    Args:
        logits: unnormalised scores [B, T, U+1, V], in any precision.
        targets: token numbers, int64 [B, U]; what lies past a target's end does not matter.
        target_lengths: valid tokens, int64 [B], 0 to U.
        blank: number of the blank, 0 to V - 1.

    Returns:
        two float32 tensors [B, T, U+1]; after u tokens the next is the one numbered u, and where
        there is none its log-probability has no meaning. The gradient is exactly zero at points
        that nothing depends on, whatever is there.

    Raises:
        ValueError: a target is the blank or not in the vocabulary.

    >>> half = torch.zeros(1, 1, 2, 2)
    >>> blank, token = token_scores(half, torch.tensor([[0]]), torch.tensor([1]), blank=1)
    >>> blank.exp(), token.exp()[..., 0]
    (tensor([[[0.5000, 0.5000]]]), tensor([[0.5000]]))
    """
    blank_btu, token_btu, _ = _forward(logits, targets, target_lengths, blank)
    return blank_btu, token_btu


@torch.library.custom_op("phonograph::token_scores", mutates_args=())
def _forward(
    logits: Tensor, targets: Tensor, target_lengths: Tensor, blank: int
) -> tuple[Tensor, Tensor, Tensor]:
    valid = valid_mask(target_lengths, targets.shape[1])
    foreign = (targets < 0) | (targets >= logits.shape[3]) | (targets == blank)
    if bool((foreign & valid).any()):
        raise ValueError("a target is the blank or not in the vocabulary")
    blank_n, token_n, norm_n = (_empty_points(logits).flatten() for _ in range(3))
    next_n = _next_tokens(logits, targets, target_lengths)
    for part, scores_nv in _slices(logits):
        exact_nv = scores_nv.float()
        norm_n[part] = exact_nv.logsumexp(dim=1)
        blank_n[part] = exact_nv[:, blank] - norm_n[part]
        token_n[part] = exact_nv.gather(1, next_n[part, None])[:, 0] - norm_n[part]
    shape = logits.shape[:3]
    return blank_n.view(shape), token_n.view(shape), norm_n.view(shape)


@_forward.register_fake
def _(logits: Tensor, *_rest: object) -> tuple[Tensor, Tensor, Tensor]:
    return _empty_points(logits), _empty_points(logits), _empty_points(logits)


@torch.library.custom_op("phonograph::token_scores_backward", mutates_args=())
def _backward(
    blank_grad: Tensor,
    token_grad: Tensor,
    logits: Tensor,
    targets: Tensor,
    target_lengths: Tensor,
    norm: Tensor,
    blank: int,
) -> Tensor:
    grad = torch.empty_like(logits, memory_format=torch.contiguous_format)
    next_n = _next_tokens(logits, targets, target_lengths)
    blank_n, token_n, norm_n = blank_grad.flatten(), token_grad.flatten(), norm.flatten()
    for (part, scores_nv), (_, grad_nv) in zip(_slices(logits), _slices(grad), strict=True):
        total_n = blank_n[part] + token_n[part]
        share_nv = (scores_nv.float() - norm_n[part, None]).exp_().mul_(-total_n[:, None])
        share_nv[:, blank] += blank_n[part]
        share_nv.scatter_add_(1, next_n[part, None], token_n[part, None])
        # 0 * NaN is NaN: what padding holds must not reach the weights.
        unused_n = (blank_n[part] == 0) & (token_n[part] == 0)
        grad_nv.copy_(share_nv.masked_fill_(unused_n[:, None], 0))
    return grad


@_backward.register_fake
def _(_0: Tensor, _1: Tensor, logits: Tensor, *_rest: object) -> Tensor:
    return logits.new_empty(logits.shape)


def _empty_points(logits: Tensor) -> Tensor:
    return logits.new_empty(logits.shape[:3], dtype=torch.float32)


def _next_tokens(logits: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Return the token after every point, 0 where there is none, flat: [B * T * (U+1)]."""
    valid = valid_mask(target_lengths, targets.shape[1])
    next_bu = pad(targets.masked_fill(~valid, 0), (0, 1))
    return next_bu.unsqueeze(1).expand(logits.shape[:3]).flatten()


def _slices(scores: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield parts of the points, and their rows."""
    scores_nv = scores.flatten(0, 2)
    points, width = scores_nv.shape
    step = max(1, _SLICE.get(scores.device.type, _SLICE_ELSEWHERE) // width)
    for start in range(0, points, step):
        yield slice(start, start + step), scores_nv[start : start + step]


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, ctx.blank = inputs
    ctx.set_materialize_grads(True)
    ctx.save_for_backward(*tensors, output[2])


def _differentiate(
    ctx: Any, blank_grad: Tensor, token_grad: Tensor, _: Tensor
) -> tuple[Tensor | None, ...]:
    grads = (blank_grad.contiguous(), token_grad.contiguous())
    return _backward(*grads, *ctx.saved_tensors, ctx.blank), None, None, None


_forward.register_autograd(_differentiate, setup_context=_remember)
