"""Tokenizers from plain data."""

import re

import pytest

from phonograph.data.tokenizers import build_tokenizer


def test_a_tokenizer_is_built_again_from_its_vocabulary():
    first = build_tokenizer({"type": "characters", "alphabet": "abc "})
    again = build_tokenizer(first.vocabulary.tokenizer)
    assert again.vocabulary == first.vocabulary
    assert again.encode("a cab") == first.encode("a cab")


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ({}, "the tokenizer has no `type`; known are `characters`, `sentencepiece`, `tokens`"),
        ({"type": "character"}, "unknown tokenizer type `character`; did you mean `characters`?"),
        (
            {"type": 3},
            "unknown tokenizer type `3`; known are `characters`, `sentencepiece`, `tokens`",
        ),
        (
            {"type": "characters"},
            "a tokenizer of characters needs an `alphabet`, its characters in one string",
        ),
        (
            {"type": "characters", "alphabet": ["a", "b"]},
            "`alphabet` is ['a', 'b']; write its characters in one string, in quotes",
        ),
        (
            {"type": "characters", "alphabet": "ab", "lower": True},
            "a tokenizer of characters has no `lower`; known are `type`, `alphabet`",
        ),
        ({"type": "characters", "alphabet": "aa"}, "the alphabet has `a` more than once"),
        ({"type": "tokens"}, "a tokenizer of tokens needs `tokens`, a list of texts"),
        (
            {"type": "tokens", "tokens": "ab"},
            "a tokenizer of tokens needs `tokens`, a list of texts",
        ),
        (
            {"type": "tokens", "tokens": ["a"], "word_boundary": 1},
            "`word_boundary` is 1; write one of the tokens, in quotes",
        ),
        (
            {"type": "tokens", "tokens": ["a"], "alphabet": "a"},
            "a tokenizer of tokens has no `alphabet`; known are `type`, `tokens`, `word_boundary`",
        ),
    ],
)
def test_a_wrong_description_is_told_in_plain_words(description, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        build_tokenizer(description)
