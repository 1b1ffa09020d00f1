from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.hypothesis_reader import group_words

ALPHABET = "abc "


def spelled(tokens):
    return "".join(ALPHABET[token] for token in tokens)


@given(st.lists(st.integers(0, 3), max_size=30))
def test_the_words_are_those_of_the_text(tokens):
    groups = group_words(tokens, spelled)
    words = [spelled(tokens[place] for place in group) for group in groups]
    assert words == spelled(tokens).split()
    assert all(group == list(range(group[0], group[-1] + 1)) for group in groups)


@given(st.lists(st.sampled_from(["_", "_a", "b", "_cd", "_e_f"]), max_size=12))
def test_pieces_that_carry_the_space_make_words_too(pieces):
    def decode(tokens):
        return "".join(pieces[token] for token in tokens).replace("_", " ").strip()

    tokens = list(range(len(pieces)))
    words = [word for group in group_words(tokens, decode) for word in decode(group).split()]
    assert words == decode(tokens).split()
