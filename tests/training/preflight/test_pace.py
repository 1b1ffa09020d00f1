"""Characters per second far from those of others."""

from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.preflight.pace import IMPOSSIBLE, Pace


@given(st.lists(st.floats(5, 20), min_size=30, max_size=60))
def test_the_median_is_never_an_outlier(paces):
    pace = Pace.of(paces)
    assert pace.slowest < pace.median <= max(pace.fastest, IMPOSSIBLE)


@given(st.lists(st.floats(9, 11), min_size=30, max_size=40), st.floats(0.001, 1000))
def test_one_outlier_moves_nothing(paces, outlier):
    pace = Pace.of([*paces, outlier])
    assert 9 <= pace.median <= 11
    assert 3 < pace.slowest < 7
    assert 15 < pace.fastest < 30


def test_words_alone_are_not_held_against_sentences(look, record, tone, codes):
    words = [record(tone(1.0, hertz=200 + k), "yes") for k in range(30)]
    sentence = "please enter the number you want"
    sentences = [record(tone(2.0, hertz=200 + k), sentence) for k in range(30)]
    assert codes(look(train=[*words, *sentences])) == []
    assert codes(look(train=[*words, *sentences, record(tone(9.0), sentence)])) == [("PD033", 61)]
    assert codes(look(train=[*words, *sentences, record(tone(0.15), "yes")])) == [("PD032", 61)]


def test_nothing_is_said_of_a_few(look, record, tone, codes):
    assert codes(look(train=[record(tone(9.0), "a"), record(tone(0.5), "a b c d")])) == []
