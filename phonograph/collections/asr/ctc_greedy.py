"""Greedy CTC decoding: the best label of every frame, collapsed."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from phonograph.collections.asr.ctc_runs import collapse
from phonograph.collections.asr.hypothesis import Hypothesis
from phonograph.collections.asr.hypothesis_reader import HypothesisReader
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
        self.reader = HypothesisReader(vocab.tokenizer, frame_period=frame_period)

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
            self.reader.read(run, score=float(score[:frames].sum(dtype=np.float64)))
            for run, score, frames in zip(runs, scores, valid, strict=True)
        ]
        return [hypothesis.text for hypothesis in hypotheses], hypotheses
