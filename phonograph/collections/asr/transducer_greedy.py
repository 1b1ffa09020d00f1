"""Greedy decoding of a transducer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from phonograph.collections.asr.hypothesis import Hypothesis
from phonograph.collections.asr.hypothesis_reader import HypothesisReader
from phonograph.collections.asr.joint import Joint
from phonograph.collections.asr.transducer_search import (
    Choices,
    PredictionNetwork,
    Reading,
    Rules,
    best_of,
    greedy_search,
)
from phonograph.modules.ranges import check_at_least
from phonograph.types.kinds import Encoded, Hypotheses, Lengths, Network, Text
from phonograph.types.ports import ports
from phonograph.types.registry import register
from phonograph.types.vocabulary import Vocabulary


@register("asr.transducer_greedy", version=1)
class TransducerGreedy(nn.Module):
    """Take the best token or blank at every point (Graves 2012, arXiv 1211.3711, sec. 2.6).

    A token lasts for the frame it is said at. A word lasts from its first token to its last; its
    confidence is the mean probability of its tokens.

    Args:
        vocab: the tokens and how to write them; solved from the wires when left out. The blank is
            the last entry.
        max_symbols: tokens said at one frame after which the search moves on, at least 1.
        frame_period: seconds from one frame to the next, above 0; taken from the graph when left
            out. Words have no times without it.

    Raises:
        ValueError: `max_symbols` is below 1.

    >>> from phonograph.collections.asr.predictor import Predictor
    >>> vocab = Vocabulary.of(3, {"type": "characters", "alphabet": "ab "})
    >>> predictor, joint = Predictor(3, d_model=4), Joint(5, 4, 3, d_model=4)
    >>> _ = nn.init.zeros_(joint.tokens.weight), nn.init.zeros_(joint.tokens.bias)
    >>> decoder = TransducerGreedy(vocab, max_symbols=2)
    >>> decoder(torch.zeros(1, 5, 3), torch.tensor([3]), predictor, joint)[0]
    ['aaaaaa']
    """

    def __init__(
        self, vocab: Vocabulary, *, max_symbols: int = 10, frame_period: float | None = None
    ) -> None:
        super().__init__()
        check_at_least(1, max_symbols=max_symbols)
        self.rules = Rules(vocab.size, max_symbols)
        self.reader = HypothesisReader(vocab.tokenizer, frame_period=frame_period)

    @ports(
        encoded=Encoded("B D T"),
        lengths=Lengths("B", of="T"),
        predictor=Network(role="prediction", predicted="P"),
        joint=Network(role="joint", encoded="D", predicted="P"),
        out={"text": Text("B"), "hypotheses": Hypotheses("B")},
    )
    def forward(
        self, encoded: Tensor, lengths: Tensor, predictor: PredictionNetwork, joint: Joint
    ) -> tuple[list[str], list[Hypothesis]]:
        """Return a text and a hypothesis for each utterance.

        Args:
            encoded: [B, D, T] frames.
            lengths: [B] valid frames.
            predictor: the prediction network.
            joint: the joint network.
        """
        readings = self.search(encoded, lengths, predictor, joint)
        hypotheses = [self.reader.read(r.runs(), score=r.score) for r in readings]
        return [hypothesis.text for hypothesis in hypotheses], hypotheses

    @torch.no_grad()
    def search(
        self, encoded: Tensor, lengths: Tensor, predictor: PredictionNetwork, joint: Joint
    ) -> list[Reading]:
        """Return how each utterance was read; the arguments are those of `forward`."""

        def choose(frames_nwd: Tensor, predicted_nh: Tensor) -> Choices:
            prefixes_nd = joint.hidden.predicted(predicted_nh)
            hidden = joint.hidden.join(frames_nwd, prefixes_nd.unsqueeze(1))
            tokens, scores = best_of(joint.tokens(hidden))
            return Choices(tokens, scores, (tokens == self.rules.blank).long(), scores)

        frames_btd = joint.hidden.encoded(encoded.transpose(1, 2))
        return greedy_search(frames_btd, lengths, predictor, choose, self.rules)
