"""From the scores of a command recogniser to the command it heard."""

from __future__ import annotations

from torch import Tensor, nn

from phonograph.collections.asr.hypothesis import Hypothesis, Word
from phonograph.data.tokenizers import build_tokenizer
from phonograph.types.kinds import Hypotheses, Logits, Text
from phonograph.types.ports import ports
from phonograph.types.registry import register
from phonograph.types.vocabulary import Vocabulary


@register("asr.command_greedy", version=1)
class CommandGreedy(nn.Module):
    """Take the most probable command; its confidence is its probability, and it has no times.

    Args:
        vocab: the commands and how to write them; solved from the wire when left out.

    >>> import torch
    >>> vocab = Vocabulary.of(2, {"type": "tokens", "tokens": ["left", "right"]})
    >>> text, hypotheses = CommandGreedy(vocab)(torch.tensor([[0.0, 9.0]]))
    >>> text, round(hypotheses[0].words[0].confidence, 4)
    (['right'], 0.9999)
    """

    def __init__(self, vocab: Vocabulary) -> None:
        super().__init__()
        self.tokenizer = build_tokenizer(vocab.tokenizer)

    @ports(logits=Logits("B vocab"), out={"text": Text("B"), "hypotheses": Hypotheses("B")})
    def forward(self, logits: Tensor) -> tuple[list[str], list[Hypothesis]]:
        """Return a text and a hypothesis for each utterance."""
        scores_b, tokens_b = logits.detach().float().log_softmax(dim=1).max(dim=1)
        probabilities = scores_b.exp().tolist()
        hypotheses = []
        for token, score, probability in zip(
            tokens_b.tolist(), scores_b.tolist(), probabilities, strict=True
        ):
            text = self.tokenizer.decode([token]).strip()
            word = Word(text, start=None, end=None, confidence=probability)
            hypotheses.append(Hypothesis(text, (token,), score, (word,)))
        return [hypothesis.text for hypothesis in hypotheses], hypotheses
