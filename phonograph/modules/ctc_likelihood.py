"""Negative log-likelihood of label sequences under CTC, as one operator that compiles and exports.

PyTorch's own operator makes buffers whose size depends on the values of the target lengths, which
neither `torch.compile(fullgraph=True)` nor `torch.export` can follow. Here they are as wide as the
tensor of targets, so every shape is known from the shapes of the inputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from phonograph.modules.masks import valid_mask

# The public `ctc_loss` keeps the forward variables to itself.
_FORWARD = torch.ops.aten._ctc_loss.Tensor  # noqa: SLF001
_BACKWARD = torch.ops.aten._ctc_loss_backward.Tensor  # noqa: SLF001


def ctc_nll(
    log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor, blank: int
) -> Tensor:
    """Return minus the log-probability of each target (Graves et al. 2006, eq. 3 and 8).

    All alignments of the target with the valid frames count.

    Args:
        log_probs: natural log-softmax of the scores, [B, T, V], float32 or float64.
        lengths: valid frames, int64 [B], 0 to T.
        targets: label numbers, int64 [B, L]; what lies past a target's end does not matter.
        target_lengths: valid labels, int64 [B], 0 to L.
        blank: number of the blank label, 0 to V - 1.

    Returns:
        [B]; infinite where the target does not fit into the frames. The gradient is exact for
        log-probabilities that come from a log-softmax, and exactly zero for an utterance whose
        value nothing depends on.

    Raises:
        ValueError: a target is the blank or no label at all.

    >>> half = torch.full((1, 2, 2), 0.5).log()
    >>> one = torch.tensor([1])
    >>> ctc_nll(half, 2 * one, torch.tensor([[0]]), one, blank=1).exp()  # 4 paths, 3 of them say 0
    tensor([1.3333])
    """
    return _forward(log_probs, lengths, targets, target_lengths, blank)[0]


def frames_needed(targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Return the fewest frames that can hold each target.

    Each label needs one, and a blank between two equal ones another.

    Args:
        targets: label numbers, [B, L].
        target_lengths: valid labels, int64 [B].

    Returns:
        int64 [B].

    >>> frames_needed(torch.tensor([[5, 5, 7], [5, 5, 7]]), torch.tensor([3, 1]))
    tensor([4, 1])
    """
    valid = valid_mask(target_lengths, targets.shape[1])
    repeats = (targets[:, 1:] == targets[:, :-1]) & valid[:, 1:]
    return target_lengths + repeats.sum(dim=1)


@torch.library.custom_op("phonograph::ctc_forward", mutates_args=())
def _forward(
    log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor, blank: int
) -> tuple[Tensor, Tensor]:
    # PyTorch reads past its buffers when a target is out of range.
    foreign = (targets < 0) | (targets >= log_probs.shape[2]) | (targets == blank)
    if bool((foreign & valid_mask(target_lengths, targets.shape[1])).any()):
        raise ValueError("a target is the blank or not among the labels")
    nll, log_alpha = _FORWARD(log_probs.transpose(0, 1), targets, lengths, target_lengths, blank)
    missing = _states(targets) - log_alpha.shape[2]
    return nll, pad(log_alpha, (0, missing)).contiguous()


@_forward.register_fake
def _(log_probs: Tensor, _1: Tensor, targets: Tensor, _2: Tensor, _3: int) -> tuple[Tensor, Tensor]:
    batch, frames, _ = log_probs.shape
    return log_probs.new_empty(batch), log_probs.new_empty(batch, frames, _states(targets))


@torch.library.custom_op("phonograph::ctc_backward", mutates_args=())
def _backward(
    grad: Tensor,
    log_probs: Tensor,
    lengths: Tensor,
    targets: Tensor,
    target_lengths: Tensor,
    nll: Tensor,
    log_alpha: Tensor,
    blank: int,
) -> Tensor:
    grad_tbv = _BACKWARD(
        grad.contiguous(),
        log_probs.transpose(0, 1),
        targets,
        lengths,
        target_lengths,
        nll,
        log_alpha,
        blank,
    )
    unused = (grad == 0)[:, None, None]
    return grad_tbv.transpose(0, 1).masked_fill(unused, 0).contiguous()


@_backward.register_fake
def _(_0: Tensor, log_probs: Tensor, *_rest: object) -> Tensor:
    return log_probs.new_empty(log_probs.shape)


def _states(targets: Tensor) -> int:
    return 2 * targets.shape[1] + 1


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *tensors, ctx.blank = inputs
    ctx.save_for_backward(*tensors, *output)


def _differentiate(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return _backward(grad, *ctx.saved_tensors, ctx.blank), None, None, None, None


_forward.register_autograd(_differentiate, setup_context=_remember)
