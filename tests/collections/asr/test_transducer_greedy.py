"""Greedy search of both kinds of transducers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections.asr.joint import Joint
from phonograph.collections.asr.predictor import Predictor
from phonograph.collections.asr.stateless_predictor import StatelessPredictor
from phonograph.collections.asr.tdt_greedy import TdtGreedy
from phonograph.collections.asr.tdt_joint import TdtJoint
from phonograph.collections.asr.transducer_greedy import TransducerGreedy
from phonograph.collections.asr.transducer_search import Rules
from phonograph.types.vocabulary import Vocabulary

VOCAB = Vocabulary.of(4, {"type": "characters", "alphabet": "abc "})
BLANK = 4
DURATIONS = (2, 0, 1, 3)


def networks(seed, durations=None) -> Any:
    """Build networks with weights large enough that blanks and tokens take turns."""
    torch.manual_seed(seed)
    predictor = (Predictor, StatelessPredictor)[seed % 2](4, d_model=6).eval()
    if durations:
        joint: Any = TdtJoint(5, 6, 4, d_model=8, durations=durations).eval()
    else:
        joint = Joint(5, 6, 4, d_model=8).eval()
    with torch.no_grad():
        for weight in (*predictor.parameters(), *joint.parameters()):
            weight *= 3
    return predictor, joint


def one_by_one(encoded, predictor, joint, max_symbols):
    """Search one utterance [D, T] point by point, all from the start at every point."""
    tokens: list[int] = []
    starts: list[int] = []
    frame = still = 0
    while frame < encoded.shape[1]:
        told = torch.tensor([tokens], dtype=torch.int64)
        predicted = predictor(told, torch.tensor([len(tokens)]))[:, :, -1:]
        scores = joint(encoded[None, :, frame : frame + 1], predicted)
        if isinstance(joint, TdtJoint):
            jump = DURATIONS[int(scores[1].argmax())]
            best = int(scores[0].argmax())
        else:
            best = int(scores.argmax())
            jump = int(best == BLANK)
        if best == BLANK:
            frame, still = frame + max(jump, 1), 0
            continue
        tokens.append(best)
        starts.append(frame)
        still = still + 1 if jump == 0 else 0
        frame += jump
        if still == max_symbols:
            frame, still = frame + 1, 0
    return tokens, starts


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    max_symbols=st.integers(1, 4),
    durations=st.booleans(),
)
def test_a_batch_gives_what_each_utterance_gives_point_by_point(
    seed, lengths, max_symbols, durations
):
    kind: Any = TdtGreedy if durations else TransducerGreedy
    decoder = kind(VOCAB, max_symbols=max_symbols)
    predictor, joint = networks(seed, durations=DURATIONS if durations else None)
    encoded = 2 * torch.randn(len(lengths), 5, max(lengths) + 1)
    found = decoder.search(encoded, torch.tensor(lengths), predictor, joint)
    for row, (length, reading) in enumerate(zip(lengths, found, strict=True)):
        with torch.no_grad():
            expected = one_by_one(encoded[row, :, :length], predictor, joint, max_symbols)
        assert (reading.tokens, reading.starts) == expected


@pytest.mark.parametrize("ahead", [1, 3, 100])
def test_how_many_frames_are_scored_at_once_changes_nothing(ahead):
    encoded, lengths = 2 * torch.randn(3, 5, 30), torch.tensor([30, 17, 25])
    decoder = TdtGreedy(VOCAB)
    arguments = (encoded, lengths, *networks(3, DURATIONS))
    expected = decoder.search(*arguments)
    decoder.rules = Rules(BLANK, 10, ahead)
    found = decoder.search(*arguments)
    assert [r.tokens for r in found] == [r.tokens for r in expected]
    assert [r.score for r in found] == pytest.approx([r.score for r in expected])


def test_words_have_the_times_of_their_tokens():
    predictor, joint = networks(0, (2,))
    torch.nn.init.zeros_(joint.tokens.weight)
    with torch.no_grad():
        joint.tokens.bias.copy_(torch.tensor([0.0, 5.0, 0.0, 0.0, 0.0]))
    _, hypotheses = TdtGreedy(VOCAB, frame_period=0.08)(
        torch.zeros(1, 5, 5), torch.tensor([5]), predictor, joint
    )
    (word,) = hypotheses[0].words
    assert (hypotheses[0].text, word.start) == ("bbb", 0.0)
    assert word.end == pytest.approx(5 * 0.08)
    expected = torch.tensor([0.0, 5.0, 0.0, 0.0, 0.0]).softmax(0)[1].item()
    assert word.confidence == pytest.approx(expected)
    assert hypotheses[0].score == pytest.approx(3 * math.log(expected), rel=1e-4)


def test_silence_is_an_empty_hypothesis():
    predictor, joint = networks(0)
    with torch.no_grad():
        joint.tokens.bias[BLANK] += 1000
    texts, hypotheses = TransducerGreedy(VOCAB)(
        torch.randn(2, 5, 9), torch.tensor([9, 0]), predictor, joint
    )
    assert texts == ["", ""]
    assert [h.words for h in hypotheses] == [(), ()]


def test_a_search_that_may_say_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^`max_symbols` must be at least 1, not 0$"):
        TransducerGreedy(VOCAB, max_symbols=0)
