"""The speller of Listen, Attend and Spell: it writes one token after another."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from phonograph.modules.dropout import Dropout
from phonograph.modules.location_attention import (
    AttentionSettings,
    Focus,
    LocationAttention,
    Memory,
)
from phonograph.modules.masks import valid_mask
from phonograph.modules.ranges import check_at_least, check_count, check_dropout
from phonograph.types.kinds import Encoded, Lengths, Logits, Network, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register

_LOCATION = AttentionSettings()


@dataclass(frozen=True, slots=True)
class SpellerState:
    """What the speller knows between two tokens.

    Args:
        cells: (hidden, cell) of every layer, [B, d_model] each.
        focus: where attention is.
    """

    cells: tuple[tuple[Tensor, Tensor], ...]
    focus: Focus


@register("asr.attention_decoder", version=1)
class AttentionDecoder(nn.Module):
    """Score every next token from the tokens before it and from what attention hears.

    Listen, Attend and Spell (Chan et al. 2015, 1508.01211, sec. 3.2): LSTM layers read the last
    token and the last context, attention hears a new context, both together are scored. Entry
    `vocab` of the scores is the end of the transcript, which is also what stands before the first
    token. `forward` spells a given transcript; `remember`, `start` and `step` spell freely.

    Args:
        feat_in: width of the encoded frames, at least 1; solved from the wire when left out.
        vocab: number of tokens, at least 1; solved from the tokenizer when left out.
        d_model: width of the LSTM layers and of the token embeddings, at least 1.
        layers: LSTM layers, at least 1.
        attention: how frames are scored.
        dropout: probability in [0, 1) of zeroing a value of embeddings and of what is scored.
        noise: probability in [0, 1) of reading a random token in place of a transcript's while
            training, so that a small set of transcripts cannot be learnt by heart (compare the
            paper's sec. 3.3, where the speller reads some of its own tokens).

    Raises:
        ValueError: an argument is out of range.

    >>> decoder = AttentionDecoder(8, 3, d_model=16, layers=1)
    >>> encoded, lengths = torch.zeros(2, 8, 9), torch.tensor([9, 4])
    >>> decoder(encoded, lengths, torch.zeros(2, 5).long(), torch.tensor([5, 2])).shape
    torch.Size([2, 6, 4])
    """

    exports = "it takes its own steps one by one, which would fix the number of tokens"

    def __init__(
        self,
        feat_in: int,
        vocab: int,
        *,
        d_model: int = 512,
        layers: int = 2,
        attention: AttentionSettings = _LOCATION,
        dropout: float = 0.0,
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        check_at_least(1, feat_in=feat_in, vocab=vocab, d_model=d_model)
        check_count(layers=layers)
        check_dropout(dropout)
        if not 0 <= noise < 1:
            raise ValueError(f"`noise` must be at least 0 and below 1, not {noise}")
        self.end = vocab
        self.noise = noise
        self.embedding = nn.Embedding(vocab + 1, d_model)
        widths = [d_model + feat_in, *[d_model] * (layers - 1)]
        self.cells = nn.ModuleList(nn.LSTMCell(width, d_model) for width in widths)
        self.attention = LocationAttention(d_model, feat_in, attention)
        self.mix = nn.Linear(d_model + feat_in, d_model)
        self.score = nn.Linear(d_model, vocab + 1)
        self.dropout = Dropout(dropout)

    @ports(
        encoded=Encoded("B feat_in T"),
        lengths=Lengths("B", of="T"),
        targets=Tokens("B U"),
        target_lengths=Lengths("B", of="U"),
        out={
            "logits": Logits("B U+1 vocab+1"),
            "network": Network(role="decoder", encoded="feat_in"),
        },
    )
    def forward(
        self, encoded: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor
    ) -> Tensor:
        """Score the tokens of transcripts, each given those before it.

        Args:
            encoded: [B, feat_in, T].
            lengths: [B] valid frames.
            targets: [B, U] tokens.
            target_lengths: [B] tokens of each transcript.

        Returns:
            [B, U+1, vocab+1] scores; after a transcript's end they hold no meaning.
        """
        memory = self.remember(encoded, lengths)
        state = self.start(memory)
        known = []
        for embedded in self.dropout(self.embedding(self._said(targets, target_lengths))).unbind(1):
            state = self._advance(embedded, state, memory)
            known.append(torch.cat([state.cells[-1][0], state.focus.context], 1))
        return self._scored(torch.stack(known, 1))

    def _said(self, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Return what is read before each token: the end symbol, then the tokens; [B, U+1]."""
        if self.training and self.noise:
            swapped = torch.rand(targets.shape, device=targets.device) < self.noise
            targets = torch.where(swapped, torch.randint_like(targets, self.end), targets)
        written = valid_mask(target_lengths, targets.shape[1])
        return functional.pad(targets.masked_fill(~written, self.end), (1, 0), value=self.end)

    def remember(self, encoded: Tensor, lengths: Tensor) -> Memory:
        """Prepare [B, feat_in, T] encoded frames, of which [B] are valid, to be listened to."""
        return self.attention.remember(encoded.transpose(1, 2), lengths)

    def start(self, memory: Memory) -> SpellerState:
        """Return what is known before anything is written."""
        blank = memory.frames.new_zeros(memory.frames.shape[0], self.embedding.embedding_dim)
        cells = tuple((blank, blank) for _ in self.cells)
        return SpellerState(cells, self.attention.start(memory))

    def step(
        self, tokens: Tensor, state: SpellerState, memory: Memory
    ) -> tuple[Tensor, SpellerState]:
        """Write one token, hear on, and score what may come next.

        Args:
            tokens: [B] last tokens; `end` before the first.
            state: what was known before them.
            memory: what is listened to.

        Returns:
            [B, vocab+1] scores and what is known now.
        """
        state = self._advance(self.dropout(self.embedding(tokens)), state, memory)
        known = torch.cat([state.cells[-1][0], state.focus.context], 1)
        return self._scored(known), state

    def _advance(self, embedded: Tensor, state: SpellerState, memory: Memory) -> SpellerState:
        x = torch.cat([embedded, state.focus.context], 1)
        cells = []
        for cell, before in zip(self.cells, state.cells, strict=True):
            cells.append(cell(x, before))
            x = cells[-1][0]
        return SpellerState(tuple(cells), self.attention(x, state.focus, memory))

    def _scored(self, known: Tensor) -> Tensor:
        return self.score(self.dropout(self.mix(known).tanh()))
