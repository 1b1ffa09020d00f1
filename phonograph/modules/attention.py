"""Multi-head self-attention over padded frames, with or without relative positions."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.dropout import dropout
from phonograph.modules.positions import by_key
from phonograph.modules.windows import Windows


class Sight(NamedTuple):
    """What the queries of an utterance may see; the same for all layers, so it is made once.

    Args:
        mask: True where a key may be seen: [B, K] by every query, [B or 1, Q, K] query by query.
        codes: [Q+K, D] codes of the distances, with relative positions only.
        biases: u and v, each [heads, D/heads], where all layers share them.
        windows: how attention is cut into blocks; Q and K are then those of a block and B counts
            blocks.
    """

    mask: Tensor
    codes: Tensor | None = None
    biases: tuple[Tensor, Tensor] | None = None
    windows: Windows | None = None


class AttentionState(NamedTuple):
    """What attention keeps of a stream.

    Args:
        key: [B, K, D] keys so far that later queries may see.
        value: [B, K, D] their values.
        query: [B, Q, D] queries that wait for later keys.
    """

    key: Tensor
    value: Tensor
    query: Tensor


class SelfAttention(nn.Module):
    """Let every step look at the valid steps of its utterance (Vaswani et al. 2017, sec. 3.2).

    With relative positions, a score also depends on the distance between the two steps and on two
    learnt biases, u and v (Dai et al. 2019, arXiv 1901.02860, sec. 3.3).

    Args:
        width: channels in and out, a multiple of `heads`; even with relative positions.
        heads: number of heads, at least 1.
        relative: whether scores depend on distances.
        own_biases: whether u and v belong to this layer.
        bias: whether the four linear layers have one.
        dropout: probability in [0, 1) of dropping an attention weight in training.

    Raises:
        ValueError: the width does not fit.

    >>> mask = torch.tensor([[True, True, True, False]])
    >>> SelfAttention(8, 2)(torch.zeros(1, 4, 8), mask).shape
    torch.Size([1, 4, 8])
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        relative: bool = False,
        own_biases: bool = True,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"`heads`: {heads} heads do not divide `width` {width}")
        if relative and width % 2:
            raise ValueError(f"`width` must be even for relative positions, not {width}")
        self.heads = heads
        self.relative = relative
        self.dropout = dropout
        self.query = nn.Linear(width, width, bias=bias)
        self.key = nn.Linear(width, width, bias=bias)
        self.value = nn.Linear(width, width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)
        if relative:
            self.position = nn.Linear(width, width, bias=False)
        if relative and own_biases:
            self.bias_u = nn.Parameter(torch.zeros(heads, width // heads))
            self.bias_v = nn.Parameter(torch.zeros(heads, width // heads))

    def forward(
        self,
        x: Tensor,
        mask: Tensor,
        codes: Tensor | None = None,
        biases: tuple[Tensor, Tensor] | None = None,
        windows: Windows | None = None,
    ) -> Tensor:
        """Mix the steps of each utterance; the arguments after `x` are those of `Sight`.

        Args:
            x: [B, T, D] frames.
            mask: True where a key may be seen.
            codes: codes of the distances.
            biases: shared biases u and v.
            windows: blocks.

        Returns:
            [B, T, D]; what stands in the padding has no meaning.

        Raises:
            ValueError: codes are missing though positions are relative.
        """
        query, key, value = self.query(x), self.key(x), self.value(x)
        if windows is not None:
            query, key, value = windows.blocks(query), windows.around(key), windows.around(value)
        mixed = self._mixed(query, key, value, Sight(mask, codes, biases))
        if windows is not None:
            mixed = windows.joined(mixed, x)
        return self.out(mixed)

    def start(self, batch: int, *, kept: int, waiting: int) -> AttentionState:
        """Return the state before the first step of a stream.

        Args:
            batch: utterances.
            kept: keys to keep.
            waiting: later keys that a query waits for.
        """
        weight = self.key.weight
        sizes = (kept, kept, waiting)
        return AttentionState(*(weight.new_zeros(batch, n, weight.shape[0]) for n in sizes))

    def step(
        self, x: Tensor, state: AttentionState, sight: Sight, *, kept: int | None
    ) -> tuple[Tensor, AttentionState]:
        """Mix the next steps of a stream, as many steps late as queries wait.

        Args:
            x: [B, N, D] frames.
            state: what went before.
            sight: for the N queries that are due, and all keys in the state and in `x`.
            kept: keys to keep; None for all.

        Returns:
            [B, N, D] mixed frames, and what the next step needs.
        """
        due = x.shape[1]
        query = torch.cat([state.query, self.query(x)], 1)
        key = torch.cat([state.key, self.key(x)], 1)
        value = torch.cat([state.value, self.value(x)], 1)
        mixed = self._mixed(query[:, :due], key, value, sight)
        old = 0 if kept is None else key.shape[1] - kept
        return self.out(mixed), AttentionState(key[:, old:], value[:, old:], query[:, due:])

    def _mixed(self, query: Tensor, key: Tensor, value: Tensor, sight: Sight) -> Tensor:
        """Mix values [B, K, D] for queries [B, Q, D]."""
        heads = [x.unflatten(2, (self.heads, -1)).transpose(1, 2) for x in (query, key, value)]
        mask = sight.mask[:, None, None] if sight.mask.dim() == 2 else sight.mask[:, None]
        if not self.relative:
            # A finite number: a row of infinities would make NaN of a step that sees nothing.
            bias = torch.zeros((), dtype=query.dtype, device=query.device)
            bias = bias.masked_fill(~mask, torch.finfo(query.dtype).min)
            return self._attended(heads, bias)
        if sight.codes is None:
            raise ValueError("relative positions need the codes of the distances")
        codes_hdc = self.position(sight.codes[None])[0].unflatten(1, (self.heads, -1))
        codes_hdc = codes_hdc.permute(1, 2, 0)
        u, v = sight.biases or (self.bias_u, self.bias_v)
        biases = u.to(query.dtype).unsqueeze(1), v.to(query.dtype).unsqueeze(1)
        if torch.is_grad_enabled() or torch.compiler.is_compiling() or query.device.type != "cpu":
            return self._relatively(heads, mask, codes_hdc, biases)
        # One by one, the scores stay in the cache, and use the same memory again.
        mixed = torch.empty_like(query)
        for row in range(len(query)):
            single = [x[row : row + 1] for x in heads]
            seen = mask if len(mask) == 1 else mask[row : row + 1]
            mixed[row] = self._relatively(single, seen, codes_hdc, biases)[0]
        return mixed

    def _relatively(
        self,
        heads: list[Tensor],
        mask: Tensor,
        codes_hdc: Tensor,
        biases: tuple[Tensor, Tensor],
    ) -> Tensor:
        query, key, value = heads
        u, v = biases
        scores = by_key(((query + v) / math.sqrt(query.shape[3])) @ codes_hdc)
        least = torch.finfo(query.dtype).min
        fill = scores.masked_fill if torch.is_grad_enabled() else scores.masked_fill_
        return self._attended([query + u, key, value], fill(~mask, least))

    def _attended(self, heads: list[Tensor], bias: Tensor) -> Tensor:
        query, key, value = heads
        if self.training and self.dropout and query.device.type == "cpu":
            # what PyTorch does there as well, with a quicker dropout
            scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3]) + bias
            mixed = dropout(scores.softmax(3), self.dropout) @ value
        else:
            rate = self.dropout if self.training else 0.0
            mixed = functional.scaled_dot_product_attention(query, key, value, bias, rate)
        return mixed.transpose(1, 2).flatten(2)
