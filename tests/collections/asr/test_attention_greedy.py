"""Greedy decoding with attention ends where it should, alone as in a batch."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections.asr.attention_decoder import AttentionDecoder
from phonograph.collections.asr.attention_greedy import AttentionGreedy, spell
from phonograph.types.vocabulary import Vocabulary

ALPHABET = "ab "
VOCAB = Vocabulary.of(3, {"type": "characters", "alphabet": ALPHABET})
END = 3


class Script:
    """A decoder that writes given tokens and looks at given frames, whatever it hears."""

    end = END

    def __init__(self, rows, frames, probability=0.8) -> None:
        self.rows, self.frames, self.probability = rows, frames, probability

    def remember(self, encoded, lengths):
        return encoded

    def start(self, memory):
        return 0

    def step(self, tokens, state, memory):
        place = state if isinstance(state, int) else state.place
        scores = torch.full((len(self.rows), 4), (1 - self.probability) / 3)
        weights = torch.zeros(len(self.rows), memory.shape[2])
        for row, (script, frames) in enumerate(zip(self.rows, self.frames, strict=True)):
            at = min(place, len(script) - 1)
            scores[row, END if script[at] == "." else ALPHABET.index(script[at])] = self.probability
            weights[row, frames[at]] = 1.0
        state = SimpleNamespace(place=place + 1, focus=SimpleNamespace(weights=weights))
        return scores.log(), state


def written(rows, frames=None, lengths=None, **options):
    frames = frames or [list(range(len(row))) for row in rows]
    longest = max(map(len, rows))
    lengths = torch.tensor(lengths or [longest] * len(rows))
    encoded = torch.zeros(len(rows), 5, longest)
    return AttentionGreedy(VOCAB, **options)(encoded, lengths, Script(rows, frames))


def test_an_utterance_ends_where_the_end_is_most_probable():
    texts, hypotheses = written(["ab.", "a b b."])
    assert texts == ["ab", "a b b"]
    assert hypotheses[0].tokens == (0, 1)
    assert hypotheses[0].score == pytest.approx(3 * torch.tensor(0.8).log().item())
    assert hypotheses[1].words[0].confidence == pytest.approx(0.8)


def test_without_an_end_the_frames_bound_the_tokens():
    texts, hypotheses = written(["abab", "baba"], lengths=[4, 1], tokens_per_frame=2.0)
    assert [len(hypothesis.tokens) for hypothesis in hypotheses] == [8, 2]
    assert texts[1] == "ba"
    assert hypotheses[1].score == pytest.approx(2 * torch.tensor(0.8).log().item())


def test_an_utterance_without_frames_is_empty():
    texts, hypotheses = written(["ab."], lengths=[0])
    assert texts == [""]
    assert (hypotheses[0].tokens, hypotheses[0].score) == ((), 0.0)


def test_words_stand_where_attention_was_and_in_order():
    _, (hypothesis,) = written(["ab b."], [[0, 2, 1, 4, 4]], frame_period=0.1)
    times = [(word.text, word.start, word.end) for word in hypothesis.words]
    assert times == [("ab", 0.0, pytest.approx(0.3)), ("b", 0.4, 0.5)]
    assert [word.start for word in written(["ab."])[1][0].words] == [None]


@settings(max_examples=20)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.integers(0, 9))
def test_an_utterance_reads_the_same_alone_and_in_a_batch(lengths, seed):
    torch.manual_seed(seed)
    decoder = AttentionDecoder(5, 3, d_model=8, layers=2).eval()
    torch.nn.init.normal_(decoder.score.weight)
    encoded = 2 * torch.randn(len(lengths), 5, 10)
    most = [2 * length for length in lengths]
    batch = spell(decoder, encoded, torch.tensor(lengths), most)
    for row, length in enumerate(lengths):
        one = encoded[row : row + 1, :, : max(length, 1)]
        [(alone, score)] = spell(decoder, one, torch.tensor([length]), most[row : row + 1])
        runs, batch_score = batch[row]
        assert runs.tokens.tolist() == alone.tokens.tolist()
        assert runs.starts.tolist() == alone.starts.tolist()
        assert batch_score == pytest.approx(score, abs=1e-4)


def test_a_bound_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"^`tokens_per_frame` must be above 0, not 0.0$"):
        AttentionGreedy(VOCAB, tokens_per_frame=0.0)
