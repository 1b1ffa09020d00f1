from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.ctc_greedy import CtcGreedy
from phonograph.collections.asr.hypothesis import Word
from phonograph.types.vocabulary import Vocabulary

ALPHABET = "abc "
VOCAB = Vocabulary.of(4, {"type": "characters", "alphabet": ALPHABET})
BLANK = 4


def scores_of(path, probability=0.8):
    """Give the labels of a path this probability and share the rest out; `-` is the blank."""
    scores = torch.full((1, len(path), 5), (1 - probability) / 4)
    for frame, label in enumerate(path):
        scores[0, frame, BLANK if label == "-" else ALPHABET.index(label)] = probability
    return scores.log()


def heard(path, **options):
    _, hypotheses = CtcGreedy(VOCAB, **options)(scores_of(path), torch.tensor([len(path)]))
    return hypotheses[0]


def test_words_last_from_their_first_frame_to_their_last():
    hypothesis = heard("-aab- -cc-c", frame_period=0.04)
    assert hypothesis.text == "ab cc"
    assert hypothesis.tokens == (0, 1, 3, 2, 2)
    times = [(word.text, word.start, word.end) for word in hypothesis.words]
    assert times == [("ab", 0.04, 0.16), ("cc", 0.28, 0.44)]


def test_without_a_frame_period_words_have_no_times():
    assert [(word.start, word.end) for word in heard("ab c").words] == [(None, None)] * 2


def test_confidence_is_the_mean_over_tokens_of_their_surest_frame():
    scores = scores_of("aab", 0.5)
    scores[0, 1] = scores_of("a", 0.9)[0, 0]
    _, (hypothesis,) = CtcGreedy(VOCAB)(scores, torch.tensor([3]))
    assert hypothesis.words[0].confidence == pytest.approx((0.9 + 0.5) / 2)


def test_the_score_is_the_log_probability_of_the_path():
    expected = 4 * torch.tensor(0.8).log().item()
    assert heard("a-bb").score == pytest.approx(expected)


def test_silence_is_an_empty_hypothesis():
    hypothesis = heard("---")
    assert (hypothesis.text, hypothesis.tokens, hypothesis.words) == ("", (), ())


def test_white_space_around_and_between_words_is_dropped():
    hypothesis = heard(" - a - -b- ")
    assert hypothesis.text == "a b"
    assert [word.text for word in hypothesis.words] == ["a", "b"]


@given(st.lists(st.text("abc -", max_size=12), min_size=1, max_size=4), st.integers(0, 99))
def test_an_utterance_reads_the_same_alone_and_in_a_batch(paths, seed):
    longest = max(map(len, paths)) + 2
    batch = torch.randn(len(paths), longest, 5, generator=torch.Generator().manual_seed(seed))
    for row, path in enumerate(paths):
        batch[row, : len(path)] = scores_of(path)[0]
    decoder = CtcGreedy(VOCAB, frame_period=0.02)
    texts, hypotheses = decoder(batch, torch.tensor([len(path) for path in paths]))
    for row, path in enumerate(paths):
        assert hypotheses[row] == heard(path, frame_period=0.02)
        assert texts[row] == hypotheses[row].text


def test_half_precision_scores_are_read():
    texts, _ = CtcGreedy(VOCAB)(scores_of("ab-c").bfloat16(), torch.tensor([4]))
    assert texts == ["abc"]


def test_json_is_plain_and_rounded():
    assert heard("ab", frame_period=1 / 3).to_json() == {
        "text": "ab",
        "tokens": [0, 1],
        "score": -0.4463,
        "words": [{"word": "ab", "start": 0.0, "end": 0.667, "confidence": 0.8}],
    }
    assert Word("a", None, None, 1.0).to_json()["start"] is None
