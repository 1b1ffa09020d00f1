"""The transducer likelihood over a lattice of two scores per point, in a form that compiles.

torchaudio's operator does the sums. It wants every score of the vocabulary, or, as here, the two
that paths are made of as a vocabulary of their own, which takes it a hundredth of the time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_TOKEN, _BLANK = 0, 1
_NO_CLAMP = -1.0
_NORMALISE = False


def transducer_nll(blank: Tensor, token: Tensor, lengths: Tensor, target_lengths: Tensor) -> Tensor:
    """Return minus the log-probability of each target (Graves 2012, arXiv 1211.3711, sec. 2.4).

    A path goes from frame to frame by blanks and, within a frame, from token to token; the last
    frame ends with a blank. All paths that say the target count.

    Args:
        blank: log-probability of the blank at every point [B, T, U+1], float32.
        token: log-probability of the next token there, likewise.
        lengths: valid frames, int64 [B], 1 to T.
        target_lengths: valid tokens, int64 [B], 0 to U.

    Returns:
        [B]; what lies beyond an utterance's lengths has no part in it and a gradient of zero.

    >>> half = torch.full((1, 2, 2), 0.5).log()
    >>> one = torch.tensor([1])
    >>> transducer_nll(half, half, 2 * one, one).exp()  # 2 paths of 3 steps
    tensor([4.])
    """
    return _forward(blank, token, lengths, target_lengths)[0]


@torch.library.custom_op("phonograph::transducer_forward", mutates_args=())
def _forward(
    blank: Tensor, token: Tensor, lengths: Tensor, target_lengths: Tensor
) -> tuple[Tensor, Tensor]:
    import torchaudio  # noqa: F401  # it brings the operator

    operator = torch.ops.torchaudio.rnnt_loss_forward
    # The operator wants the axes to be as long as the longest utterance.
    frames, prefixes = int(lengths.max()), int(target_lengths.max()) + 1
    both = torch.stack([token, blank], dim=-1)
    counted = both[:, :frames, :prefixes].contiguous()
    same = torch.full_like(lengths, _TOKEN, dtype=torch.int32)[:, None].expand(-1, prefixes - 1)
    sizes = lengths.int(), target_lengths.int()
    nll, slopes = operator(counted, same.contiguous(), *sizes, _BLANK, _NO_CLAMP, _NORMALISE)
    grad = torch.zeros_like(both)
    grad[:, :frames, :prefixes] = slopes
    return nll, grad


@_forward.register_fake
def _(blank: Tensor, *_rest: object) -> tuple[Tensor, Tensor]:
    return blank.new_empty(blank.shape[0]), blank.new_empty(*blank.shape, 2)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    del inputs
    ctx.save_for_backward(output[1])


def _differentiate(ctx: Any, nll_grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    (slopes,) = ctx.saved_tensors
    grad_btus = slopes * nll_grad[:, None, None, None]
    # 0 * NaN is NaN: an utterance that nothing depends on has no gradient, whatever it holds.
    grad_btus = grad_btus.masked_fill((nll_grad == 0)[:, None, None, None], 0)
    return grad_btus[..., _BLANK], grad_btus[..., _TOKEN], None, None


_forward.register_autograd(_differentiate, setup_context=_remember)
