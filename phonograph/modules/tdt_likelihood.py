"""The token-and-duration transducer's likelihood, in a form that compiles.

Like a transducer's, its paths lead through a lattice of T frames and U+1 prefixes of the
transcript; but each step, token or blank, also says by how many frames it moves on. Points with
the same sum of frame and prefix lie on a diagonal. No step stays on its diagonal, so whole
diagonals are computed at once, T + U in a row; the gradient takes as many backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

_NEVER = -1e30  # finite, so that no difference of two of them is NaN


def tdt_nll(
    blank: Tensor,
    token: Tensor,
    durations: Tensor,
    jumps: Tensor,
    lengths: Tensor,
    target_lengths: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return minus the log-probability of each target (Xu et al. 2023, arXiv 2304.06795).

    A step of a path says a token or the blank and a duration, each with its own probability. A
    blank moves on by at least one frame, a token may stay. The last step is a blank that ends
    exactly at the end of the utterance. All paths that say the target count.

    Args:
        blank: log-probability of the blank at every point [B, T, U+1], float32.
        token: log-probability of the next token there, likewise.
        durations: log-probability of every duration there [B, T, U+1, N].
        jumps: frames that each duration moves on, int64 [N], at least 0.
        lengths: valid frames, int64 [B], 1 to T.
        target_lengths: valid tokens, int64 [B], 0 to U.

    Returns:
        [B], and bool [B], true where no path of these jumps fits the utterance: it is then infinite
        and its gradient zero. So is the gradient beyond an utterance's lengths.

    >>> half = torch.full((1, 2, 2), 0.5).log()
    >>> sure, one = torch.zeros(1, 2, 2, 1), torch.tensor([1])
    >>> nll, unfit = tdt_nll(half, half, sure, one, 2 * one, one)
    >>> nll.exp(), unfit  # one path: a token of one frame, a blank of one frame
    (tensor([4.]), tensor([False]))
    """
    nll, unfit, *_ = _forward(blank, token, durations, jumps, lengths, target_lengths)
    return nll, unfit


def unreachable(jumps: list[int], frames: int, tokens: int) -> bool:
    """Whether no path of such steps covers so many frames with so many tokens.

    >>> [unreachable([2], frames, tokens=1) for frames in range(6)]
    [True, True, True, True, False, True]
    """
    # Bit t of a number says that t frames can be covered.
    within = (1 << (frames + 1)) - 1
    covered = 1
    for _ in range(tokens):
        covered = _union(covered << jump for jump in jumps) & within
    by_blanks, reached = 0, covered
    while reached:
        reached = _union(reached << jump for jump in jumps if jump) & within & ~by_blanks
        by_blanks |= reached
    return not by_blanks >> frames & 1


def _union(sets: Any) -> int:
    total = 0
    for one in sets:
        total |= one
    return total


@dataclass(frozen=True, slots=True)
class _Lattice:
    """Steps laid out by diagonals: entry [k, n, b, u] stands at frame k - u after u tokens.

    Args:
        blank: log-probability of a blank with each duration, [K, N, B, U+1].
        token: log-probability of the next token with each duration, likewise.
        jumps: frames that each duration moves on, int64 [N].
        ends: [K, B, U+1], true at the point behind the last step.
    """

    blank: Tensor
    token: Tensor
    jumps: Tensor
    ends: Tensor

    def to_end(self) -> Tensor:
        """Return the log-probability of all ways from each point to the end, [K, B, U+1]."""
        ways = self._nowhere()
        for k in reversed(range(len(self.blank))):
            after = k + self.jumps
            by_blank = self.blank[k] + ways[after]
            by_token = self.token[k] + _one_token_on(ways[after + 1])
            onward = torch.cat([by_blank, by_token]).logsumexp(dim=0)
            ways[k] = onward.masked_fill(self.ends[k], 0)
        return ways[: len(self.blank)]

    def from_start(self) -> Tensor:
        """Return the log-probability of all ways from the start to each point, [K, B, U+1]."""
        ways = self._nowhere()
        room = len(ways) - len(self.blank)
        ways[room, :, 0] = 0
        behind = [0] * 6 + [room, 0]
        blank, token = (pad(steps, behind, value=_NEVER) for steps in (self.blank, self.token))
        each = torch.arange(len(self.jumps), device=self.jumps.device)
        for k in range(room + 1, len(ways)):
            before = k - self.jumps
            by_blank = ways[before] + blank[before, each]
            by_token = ways[before - 1] + token[before - 1, each]
            by_token = pad(by_token[..., :-1], (1, 0), value=_NEVER)
            ways[k] = torch.cat([by_blank, by_token]).logsumexp(dim=0)
        return ways[room:]

    def shares(self, to_end: Tensor) -> tuple[Tensor, Tensor]:
        """Return the part of all paths that takes each blank and each token, [K, N, B, U+1].

        Args:
            to_end: what the method of that name gave.
        """
        ends, starts = self._nowhere(), self.from_start().unsqueeze(1)
        ends[: len(to_end)] = to_end
        diagonals = torch.arange(len(to_end), device=ends.device)
        after = diagonals[:, None] + self.jumps
        total_b1 = to_end[0, :, :1]
        blank = starts + self.blank + ends[after] - total_b1
        token = starts + self.token + _one_token_on(ends[after + 1]) - total_b1
        return blank.exp_(), token.exp_()

    def _nowhere(self) -> Tensor:
        """Return no way to any point, with room for the longest step, [K + room, B, U+1]."""
        room = int(self.jumps.max()) + 1
        return self.blank.new_full((len(self.blank) + room, *self.ends.shape[1:]), _NEVER)


def _one_token_on(ways: Tensor) -> Tensor:
    return pad(ways[..., 1:], (0, 1), value=_NEVER)


def _lay_out(
    blank: Tensor,
    token: Tensor,
    durations: Tensor,
    jumps: Tensor,
    lengths: Tensor,
    target_lengths: Tensor,
) -> _Lattice:
    """Turn scores by frame and prefix into steps by diagonal; steps that lead out are barred."""
    after = torch.arange(blank.shape[2], device=blank.device)
    diagonals = torch.arange(_diagonals(blank), device=blank.device)
    frame = diagonals[:, None] - after
    at = frame.clamp(0, blank.shape[1] - 1)
    each_knbu = durations[:, at, after].permute(1, 3, 0, 2)
    blank_knbu, token_knbu = (
        scores[:, at, after].transpose(0, 1).unsqueeze(1) + each_knbu for scores in (blank, token)
    )
    frame, jump = frame[:, None, None], jumps[:, None, None]
    last, tokens = lengths[:, None], target_lengths[:, None]
    inside = (frame >= 0) & (frame < last)
    may_blank = inside & (after <= tokens) & (jump > 0) & (frame + jump <= last)
    may_token = inside & (after < tokens) & (frame + jump < last)
    ends = (frame == last) & (after == tokens)
    return _Lattice(
        blank_knbu.masked_fill(~may_blank, _NEVER),
        token_knbu.masked_fill(~may_token, _NEVER),
        jumps,
        ends.squeeze(1),
    )


def _diagonals(blank: Tensor) -> int:
    return blank.shape[1] + blank.shape[2]


@torch.library.custom_op("phonograph::tdt_forward", mutates_args=())
def _forward(
    blank: Tensor,
    token: Tensor,
    durations: Tensor,
    jumps: Tensor,
    lengths: Tensor,
    target_lengths: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    to_end = _lay_out(blank, token, durations, jumps, lengths, target_lengths).to_end()
    steps = jumps.tolist()
    sizes = zip(lengths.tolist(), target_lengths.tolist(), strict=True)
    barred = [unreachable(steps, frames, tokens) for frames, tokens in sizes]
    unfit = torch.tensor(barred, device=blank.device)
    return (-to_end[0, :, 0]).masked_fill(unfit, torch.inf), unfit, to_end.contiguous()


@_forward.register_fake
def _(blank: Tensor, *_rest: object) -> tuple[Tensor, Tensor, Tensor]:
    batch, _, prefixes = blank.shape
    nll = blank.new_empty(batch)
    to_end = blank.new_empty(_diagonals(blank), batch, prefixes)
    return nll, nll.new_empty(batch, dtype=torch.bool), to_end


@torch.library.custom_op("phonograph::tdt_backward", mutates_args=())
def _backward(
    grad: Tensor,
    blank: Tensor,
    token: Tensor,
    durations: Tensor,
    jumps: Tensor,
    lengths: Tensor,
    target_lengths: Tensor,
    unfit: Tensor,
    to_end: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    lattice = _lay_out(blank, token, durations, jumps, lengths, target_lengths)
    unused_bu = ((grad == 0) | unfit)[:, None]
    slope_knbu, token_slope_knbu = (
        (share * -grad[:, None]).masked_fill(unused_bu, 0) for share in lattice.shares(to_end)
    )
    frame = torch.arange(blank.shape[1], device=blank.device)[:, None]
    after = torch.arange(blank.shape[2], device=blank.device)
    blank_tubn, token_tubn = (
        slope[frame + after, :, :, after].transpose(2, 3)
        for slope in (slope_knbu, token_slope_knbu)
    )
    blank_btun, token_btun = (slope.permute(2, 0, 1, 3) for slope in (blank_tubn, token_tubn))
    return blank_btun.sum(dim=3), token_btun.sum(dim=3), (blank_btun + token_btun).contiguous()


@_backward.register_fake
def _(
    _0: Tensor, blank: Tensor, token: Tensor, durations: Tensor, *_rest: object
) -> tuple[Tensor, Tensor, Tensor]:
    return (
        blank.new_empty(blank.shape),
        token.new_empty(token.shape),
        durations.new_empty(durations.shape),
    )


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.save_for_backward(*inputs, *output[1:])


def _differentiate(ctx: Any, grad: Tensor, *_rest: Tensor) -> tuple[Tensor | None, ...]:
    return *_backward(grad.contiguous(), *ctx.saved_tensors), None, None, None


_forward.register_autograd(_differentiate, setup_context=_remember)
