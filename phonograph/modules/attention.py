"""Multi-head self-attention over padded frames, with or without relative positions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.relative_positions import shift


class SelfAttention(nn.Module):
    """Let every step look at every valid step of its utterance (Vaswani et al. 2017, sec. 3.2).

    With relative positions, a score also depends on the distance between the two steps and on two
    learnt biases, u and v (Dai et al. 2019, arXiv 1901.02860, sec. 3.3).

    Args:
        width: channels in and out, a multiple of `heads`; even with relative positions.
        heads: number of heads, at least 1.
        relative: whether scores depend on distances.
        dropout: probability in [0, 1) of dropping an attention weight in training.

    Raises:
        ValueError: the width does not fit.

    >>> mask = torch.tensor([[True, True, True, False]])
    >>> SelfAttention(8, 2)(torch.zeros(1, 4, 8), mask).shape
    torch.Size([1, 4, 8])
    """

    def __init__(
        self, width: int, heads: int, *, relative: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"`heads`: {heads} heads do not divide `width` {width}")
        if relative and width % 2:
            raise ValueError(f"`width` must be even for relative positions, not {width}")
        self.heads = heads
        self.relative = relative
        self.dropout = dropout
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        if relative:
            self.position = nn.Linear(width, width, bias=False)
            self.bias_u = nn.Parameter(torch.zeros(heads, width // heads))
            self.bias_v = nn.Parameter(torch.zeros(heads, width // heads))

    def forward(self, x: Tensor, mask: Tensor, distances: Tensor | None = None) -> Tensor:
        """Mix the steps of each utterance.

        Args:
            x: [B, T, D] frames.
            mask: [B, T], True where a step is valid.
            distances: [2T-1, D] codes of `relative_sinusoids`, with relative positions only.

        Returns:
            [B, T, D]; what stands in the padding has no meaning.

        Raises:
            ValueError: codes are missing though positions are relative.
        """
        query, key, value = (
            self._split(linear(x)) for linear in (self.query, self.key, self.value)
        )
        keys = mask[:, None, None, :]
        if self.relative:
            if distances is None:
                raise ValueError("relative positions need the codes of the distances")
            scores = self._position_scores(query, distances)
            # A finite number: a row of infinities would make NaN of an empty utterance.
            keys = scores.masked_fill(~keys, torch.finfo(scores.dtype).min)
            query = query + self.bias_u.unsqueeze(1)
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, key, value, keys, dropout)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def _position_scores(self, query_bhtk: Tensor, distances: Tensor) -> Tensor:
        codes_hkp = self.position(distances).unflatten(1, (self.heads, -1)).permute(1, 2, 0)
        scores = (query_bhtk + self.bias_v.unsqueeze(1)) @ codes_hkp
        return shift(scores) / math.sqrt(query_bhtk.shape[3])
