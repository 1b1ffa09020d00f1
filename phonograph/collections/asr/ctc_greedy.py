"""Greedy CTC decoding: the best label of every frame, collapsed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor, nn

from phonograph.collections.asr.ctc_runs import Array, Runs, collapse
from phonograph.collections.asr.hypothesis import Hypothesis, Word
from phonograph.data.tokenizers import build_tokenizer
from phonograph.types.kinds import Hypotheses, Lengths, LogProbs, Text
from phonograph.types.ports import ports
from phonograph.types.registry import register
from phonograph.types.vocabulary import Vocabulary


@register("asr.ctc_greedy", version=1)
class CtcGreedy(nn.Module):
    """Read the most probable alignment (best path decoding, Graves et al. 2006, sec. 3.2).

    A word lasts from the first frame of its first token to the last frame of its last. Its
    confidence is the mean over its tokens of the token's largest probability in any frame.

    Args:
        vocab: the tokens and how to write them; solved from the wire when left out. The blank is
            the last entry.
        frame_period: seconds from one frame to the next, above 0; taken from the graph when left
            out. Words have no times without it.

    >>> import torch
    >>> vocab = Vocabulary.of(3, {"type": "characters", "alphabet": "ab "})
    >>> frames = torch.tensor([[0, 3, 1, 1, 2, 0]])  # a - b b _ a
    >>> scores = nn.functional.one_hot(frames, 4).float().log()
    >>> text, hypotheses = CtcGreedy(vocab, frame_period=0.5)(scores, torch.tensor([6]))
    >>> text
    ['ab a']
    >>> hypotheses[0].words[0]
    Word(text='ab', start=0.0, end=2.0, confidence=1.0)
    """

    def __init__(self, vocab: Vocabulary, *, frame_period: float | None = None) -> None:
        super().__init__()
        self.blank = vocab.size
        self.frame_period = frame_period
        self.tokenizer = build_tokenizer(vocab.tokenizer)

    @ports(
        log_probs=LogProbs("B T vocab+1", blank="last"),
        lengths=Lengths("B", of="T"),
        out={"text": Text("B"), "hypotheses": Hypotheses("B")},
    )
    def forward(self, log_probs: Tensor, lengths: Tensor) -> tuple[list[str], list[Hypothesis]]:
        """Return a text and a hypothesis for each utterance."""
        scores_bt, labels_bt = log_probs.detach().max(dim=-1)
        scores, valid = scores_bt.float().cpu().numpy(), lengths.cpu().numpy()
        runs = collapse(labels_bt.cpu().numpy(), scores, valid, self.blank)
        hypotheses = [
            self._hypothesis(run, score[:frames])
            for run, score, frames in zip(runs, scores, valid, strict=True)
        ]
        return [hypothesis.text for hypothesis in hypotheses], hypotheses

    def _hypothesis(self, run: Runs, scores: Array) -> Hypothesis:
        tokens = run.tokens.tolist()
        words = tuple(self._word(run, part) for part in group_words(tokens, self.tokenizer.decode))
        return Hypothesis(
            text=" ".join(self.tokenizer.decode(tokens).split()),
            tokens=tuple(tokens),
            score=float(scores.sum(dtype=np.float64)),
            words=words,
        )

    def _word(self, run: Runs, part: list[int]) -> Word:
        return Word(
            text=self.tokenizer.decode(run.tokens[part].tolist()).strip(),
            start=self._seconds(run.starts[part[0]]),
            end=self._seconds(run.ends[part[-1]]),
            confidence=float(np.exp(run.peaks[part].astype(np.float64)).mean()),
        )

    def _seconds(self, frame: int) -> float | None:
        return None if self.frame_period is None else int(frame) * self.frame_period


def group_words(tokens: Sequence[int], decode: Callable[[Sequence[int]], str]) -> list[list[int]]:
    """Say which tokens make up each word; white space between words belongs to none.

    Only `decode` knows how tokens are written, so each token is judged by what it adds to the
    text since the last word began.

    Returns:
        positions in `tokens`, one list per word.

    >>> group_words([0, 1, 2, 2, 0], lambda ids: "".join("ab "[i] for i in ids))
    [[0, 1], [4]]
    """
    groups: list[list[int]] = []
    since: list[int] = []
    written: list[str] = []
    for place, token in enumerate(tokens):
        longer = decode([*since, token]).split()
        if len(longer) > len(written):
            groups.append([place])
            since, written = [token], decode([token]).split()
            continue
        if longer != written:
            groups[-1].append(place)
        since.append(token)
        written = longer
    return groups
