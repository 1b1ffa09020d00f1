"""Tokens of any length."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.data.token_list import TokenListTokenizer
from phonograph.data.tokenizers import build_tokenizer

TOKENS = ["a", "aɪ", "aɪə", "ɪ", "m", " ", "<wb>"]


def phonemes():
    return TokenListTokenizer(TOKENS, word_boundary="<wb>")


@given(st.lists(st.sampled_from(range(len(TOKENS)))))
def test_text_comes_back_from_its_tokens(ids):
    tokenizer = phonemes()
    text = tokenizer.normalize(tokenizer.decode(ids))
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.normalize(text) == text


def test_the_longest_token_is_cut_first():
    assert phonemes().encode("aɪəmaɪ") == [2, 4, 1]


def test_a_space_is_the_word_boundary_even_if_a_token_is_a_space():
    assert phonemes().encode("a m") == [0, 6, 4]


def test_the_vocabulary_builds_the_tokenizer_again():
    first = phonemes()
    again = build_tokenizer(first.vocabulary.tokenizer)
    assert again.vocabulary == first.vocabulary
    assert again.encode("aɪ m") == first.encode("aɪ m")


def test_another_boundary_is_another_vocabulary():
    assert TokenListTokenizer(TOKENS).vocabulary != phonemes().vocabulary


@pytest.mark.parametrize(
    ("tokens", "boundary", "told"),
    [
        ([], None, "there are no tokens"),
        (["a", ""], None, "token 1 is empty"),
        (["a", "b", "a"], None, "the tokens have `a` more than once"),
        (["a"], "|", "the word boundary `|` is not among the tokens"),
    ],
)
def test_a_list_that_cannot_be_used_is_told(tokens, boundary, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        TokenListTokenizer(tokens, word_boundary=boundary)


def test_text_that_no_token_fits_is_told():
    with pytest.raises(ValueError, match=r"^no token fits at `xam`$"):
        TokenListTokenizer(["a", "m", "aaa"]).encode("amxam")


@pytest.mark.parametrize("number", [-1, 7])
def test_a_number_that_is_no_token_is_told(number):
    with pytest.raises(ValueError, match=rf"^{number} is not a token: there are 7, from 0$"):
        phonemes().decode([number])
