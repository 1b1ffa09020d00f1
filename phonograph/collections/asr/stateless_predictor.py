"""A prediction network without recurrence: the last few tokens, and nothing before them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, pad

from phonograph.collections.asr.predictor import State
from phonograph.modules.dropout import Dropout
from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_at_least, check_dropout
from phonograph.types.kinds import Encoded, Lengths, Network, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("asr.stateless_predictor", version=1)
class StatelessPredictor(nn.Module):
    """Put the embeddings of the last tokens side by side (Ghodsi et al. 2020, ICASSP).

    Each place has an embedding of its own; the last token's takes all width that the places before
    it leave, which have d_model // 2 // context each.

    Args:
        vocab: number of tokens, at least 1; solved from the tokenizer when left out.
        d_model: width of the result, at least 2 * context.
        context: how many tokens it looks back, at least 1.
        norm: `layer` normalises the result, without weights.
        dropout: probability in [0, 1) of zeroing a value.

    Raises:
        ValueError: a number is out of range.

    >>> predictor = StatelessPredictor(vocab=3, d_model=8, context=2)
    >>> predictor(torch.tensor([[0, 2], [1, 0]]), torch.tensor([2, 1])).shape
    torch.Size([2, 8, 3])
    """

    def __init__(
        self,
        vocab: int,
        *,
        d_model: int = 320,
        context: int = 2,
        norm: Literal["layer", "none"] = "none",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_at_least(1, vocab=vocab, context=context)
        check_at_least(2 * context, d_model=d_model)
        check_dropout(dropout)
        older = d_model // 2 // context
        widths = [d_model - older * (context - 1), *[older] * (context - 1)]
        self.embeddings = nn.ModuleList(
            nn.Embedding(vocab + 1, width, padding_idx=vocab) for width in widths
        )
        self.dropout = Dropout(dropout)
        self.blank = vocab
        self.norm = norm == "layer"

    @ports(
        targets=Tokens("B U"),
        target_lengths=Lengths("B", of="U"),
        out={
            "predicted": Encoded("B d_model U+1"),
            "network": Network(role="prediction", predicted="d_model"),
        },
    )
    def forward(self, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Read whole transcripts.

        Args:
            targets: [B, U] token numbers; what lies past a transcript's end does not matter.
            target_lengths: [B] valid tokens.

        Returns:
            [B, d_model, U+1]; beyond a transcript's length + 1 it holds no meaning.
        """
        valid = valid_mask(target_lengths, targets.shape[1])
        tokens_bu = targets.masked_fill(~valid, self.blank)
        context = len(self.embeddings)
        padded_bu = pad(tokens_bu, (context, 0), value=self.blank)
        recent_buc = padded_bu.unfold(1, context, 1).flip(2)
        return self._embed(recent_buc).transpose(1, 2)

    def start(self, batch: int) -> tuple[Tensor, State]:
        """Return what is predicted before any token [batch, d_model], and the state after it."""
        device = next(self.parameters()).device
        recent_bc = torch.full((batch, len(self.embeddings)), self.blank, device=device)
        return self._embed(recent_bc), (recent_bc,)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one more token of each utterance.

        Args:
            tokens: [B] token numbers.
            state: what `start` or the last step gave.

        Returns:
            [B, d_model] what is predicted then, and the new state, whose tensors have B first.
        """
        recent_bc = torch.cat([tokens[:, None], state[0][:, :-1]], dim=1)
        return self._embed(recent_bc), (recent_bc,)

    def _embed(self, recent: Tensor) -> Tensor:
        """Return [..., d_model] for [..., context] tokens, the last one said first."""
        pairs = zip(self.embeddings, recent.unbind(-1), strict=True)
        joined = self.dropout(torch.cat([embed(tokens) for embed, tokens in pairs], dim=-1))
        return layer_norm(joined, joined.shape[-1:]) if self.norm else joined
