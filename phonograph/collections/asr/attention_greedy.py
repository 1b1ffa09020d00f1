"""Greedy decoding with attention: the best next token, until the end is the best."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from phonograph.collections.asr.attention_decoder import AttentionDecoder
from phonograph.collections.asr.hypothesis import Hypothesis
from phonograph.collections.asr.hypothesis_reader import HypothesisReader
from phonograph.collections.asr.token_runs import Array, Runs
from phonograph.modules.ranges import check_above_zero
from phonograph.types.kinds import Encoded, Hypotheses, Lengths, Network, Text
from phonograph.types.ports import ports
from phonograph.types.registry import register
from phonograph.types.vocabulary import Vocabulary


@register("asr.attention_greedy", version=1)
class AttentionGreedy(nn.Module):
    """Write the most probable next token again and again (Chan et al. 2015, 1508.01211, sec. 3.4).

    An utterance is finished when the end of the transcript is most probable, or when it has as many
    tokens as its frames allow. Times are those of the frames that weighed most: a token stands
    where attention was then, and never before an earlier token. The confidence of a word is the
    mean probability of its tokens.

    Args:
        vocab: the tokens and how to write them; solved from the wire when left out.
        tokens_per_frame: most tokens for each encoded frame, above 0.
        frame_period: seconds from one encoded frame to the next, above 0; taken from the graph when
            left out. Words have no times without it.

    Raises:
        ValueError: `tokens_per_frame` is not above 0.

    >>> vocab = Vocabulary.of(3, {"type": "characters", "alphabet": "ab "})
    >>> decoder = AttentionDecoder(8, 3, d_model=4)
    >>> _ = nn.init.zeros_(decoder.score.weight), nn.init.zeros_(decoder.score.bias)
    >>> text, _ = AttentionGreedy(vocab)(torch.zeros(1, 8, 2), torch.tensor([2]), decoder)
    >>> text
    ['aaaa']
    """

    def __init__(
        self,
        vocab: Vocabulary,
        *,
        tokens_per_frame: float = 2.0,
        frame_period: float | None = None,
    ) -> None:
        super().__init__()
        check_above_zero(tokens_per_frame=tokens_per_frame)
        self.tokens_per_frame = tokens_per_frame
        self.reader = HypothesisReader(vocab.tokenizer, frame_period=frame_period)

    @ports(
        encoded=Encoded("B D T"),
        lengths=Lengths("B", of="T"),
        decoder=Network(role="decoder", encoded="D"),
        out={"text": Text("B"), "hypotheses": Hypotheses("B")},
    )
    def forward(
        self, encoded: Tensor, lengths: Tensor, decoder: AttentionDecoder
    ) -> tuple[list[str], list[Hypothesis]]:
        """Return a text and a hypothesis for each utterance."""
        most = [math.ceil(frames * self.tokens_per_frame) for frames in lengths.tolist()]
        hypotheses = [
            self.reader.read(runs, score=score)
            for runs, score in spell(decoder, encoded, lengths, most)
        ]
        return [hypothesis.text for hypothesis in hypotheses], hypotheses


@torch.no_grad()
def spell(
    decoder: AttentionDecoder, encoded: Tensor, lengths: Tensor, most: list[int]
) -> list[tuple[Runs, float]]:
    """Write a batch of utterances side by side; each comes out as if it were alone.

    Args:
        decoder: scores the next tokens.
        encoded: [B, D, T] frames.
        lengths: [B] valid frames.
        most: most tokens for each utterance.

    Returns:
        the tokens of each utterance, and the log-probability of all of them and of the end, where
        that was reached.
    """
    memory = decoder.remember(encoded, lengths)
    state = decoder.start(memory)
    tokens = torch.full_like(lengths, decoder.end)
    limits = torch.tensor(most, device=lengths.device)
    columns: list[Tensor] = []
    open_b = limits > 0
    while bool(open_b.any()):
        scores_bv, state = decoder.step(tokens, state, memory)
        best, tokens = scores_bv.float().log_softmax(1).max(1)
        # float64 holds the numbers of tokens and frames exactly
        columns.append(torch.stack([tokens, best, state.focus.weights.argmax(1)]).double())
        open_b = open_b & (tokens != decoder.end) & (limits > len(columns))
    if not columns:
        return [_cut(np.zeros((3, 0)), decoder.end)] * len(most)
    written = torch.stack(columns, 2).cpu().numpy()
    return [_cut(written[:, row, :limit], decoder.end) for row, limit in enumerate(most)]


def _cut(written: Array, end: int) -> tuple[Runs, float]:
    """Keep what was written before the end: [3, N] of tokens, log-probabilities and frames."""
    tokens, scores, frames = written
    ends = np.flatnonzero(tokens == end)
    count = int(ends[0]) if len(ends) else len(tokens)
    starts = np.maximum.accumulate(frames[:count].astype(np.int64))
    runs = Runs(tokens[:count].astype(np.int64), starts, starts + 1, scores[:count])
    return runs, float(scores[: count + 1].sum())
