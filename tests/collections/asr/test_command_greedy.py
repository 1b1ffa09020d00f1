"""The most probable command is written, with its probability."""

import math

import torch

from phonograph.collections.asr.command_greedy import CommandGreedy
from phonograph.collections.asr.hypothesis import Hypothesis, Word
from phonograph.types.vocabulary import Vocabulary

VOCAB = Vocabulary.of(3, {"type": "tokens", "tokens": ["turn left", "right", "stop"]})


def test_text_tokens_and_confidence_are_of_the_most_probable_command():
    scores = torch.tensor([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]]).log() + 3
    text, hypotheses = CommandGreedy(VOCAB)(scores)
    assert text == ["turn left", "stop"]
    assert [(found.text, found.tokens) for found in hypotheses] == [
        ("turn left", (0,)),
        ("stop", (2,)),
    ]
    for found, share in zip(hypotheses, (0.7, 0.5), strict=True):
        assert math.isclose(found.score, math.log(share), abs_tol=1e-6)
        assert math.isclose(found.words[0].confidence, share, abs_tol=1e-6)


def test_a_command_has_no_times():
    _, [found] = CommandGreedy(VOCAB)(torch.tensor([[0.0, 0.0, 1e9]]))
    word = Word("stop", start=None, end=None, confidence=1.0)
    assert found == Hypothesis("stop", (2,), 0.0, (word,))
