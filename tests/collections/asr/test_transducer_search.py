"""How one utterance is followed through the best steps; whole searches are in the greedy tests."""

from __future__ import annotations

import numpy as np

from phonograph.collections.asr.transducer_search import Reading, Rules

BLANK = 4


def follow(tokens, jumps, frames=10, max_symbols=2):
    """Read an utterance whose best steps are given frame by frame."""
    reading, rules = Reading(frames), Rules(BLANK, max_symbols)
    scores = [-0.5] * len(tokens)
    columns = [np.array(column) for column in (tokens, scores, jumps, scores)]
    token = reading.follow(columns, rules)
    return token, reading


def test_blanks_are_followed_to_the_next_token():
    token, reading = follow([BLANK, BLANK, 2, 1], [1, 1, 0, 0])
    assert (token, reading.frame, reading.still) == (2, 2, 1)
    assert reading.score == -1.5


def test_a_blank_of_no_duration_moves_on_by_one_frame():
    assert follow([BLANK, 3], [0, 0])[1].starts == [1]


def test_a_token_with_a_duration_moves_on_and_ends_there():
    _, reading = follow([1], [4])
    assert (reading.frame, reading.starts, reading.ends) == (4, [0], [4])


def test_a_token_never_ends_beyond_the_utterance():
    _, reading = follow([1], [4], frames=3)
    assert reading.ends == [3]
    assert not reading.active


def test_after_the_most_symbols_it_moves_on_by_one_frame():
    reading, rules = Reading(5), Rules(BLANK, 2)
    for _ in range(2):
        assert reading.frame == 0
        reading.follow([np.array([value]) for value in (1, -0.1, 0, -0.1)], rules)
    assert (reading.frame, reading.still, reading.tokens) == (1, 0, [1, 1])
