"""The character tokenizer."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.data.characters import CharacterTokenizer, alphabet_fault

ENGLISH = CharacterTokenizer("abcdefghijklmnopqrstuvwxyz '")


@given(st.text("abcXYZ \u2019'-.,!?\n"))
def test_decoding_an_encoded_normalised_text_gives_it_back(text):
    normalised = ENGLISH.normalize(text)
    assert ENGLISH.decode(ENGLISH.encode(normalised)) == normalised


@given(st.lists(st.integers(0, 27)))
def test_encoding_decoded_tokens_gives_them_back(ids):
    assert ENGLISH.encode(ENGLISH.decode(ids)) == ids


@given(st.text())
def test_any_text_is_encoded_or_its_characters_named(text):
    normalised = ENGLISH.normalize(text)
    try:
        ids = ENGLISH.encode(normalised)
    except ValueError:
        assert set(normalised) - set("abcdefghijklmnopqrstuvwxyz '")
    else:
        assert ENGLISH.decode(ids) == normalised


def test_the_vocabulary_is_the_alphabet():
    vocabulary = CharacterTokenizer("ab ").vocabulary
    assert vocabulary.size == 3
    assert vocabulary.tokenizer == {"type": "characters", "alphabet": "ab "}
    assert vocabulary != CharacterTokenizer("ba ").vocabulary


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("für 3 dogs, 3 cats", "`,`, `3`, `ü` are not in the alphabet"),
        ("B", "`B` is not in the alphabet"),
        ("a\u0301", "U+0301 is not in the alphabet"),
        ("a\tb", "U+0009 is not in the alphabet"),
    ],
)
def test_unknown_characters_are_all_named(text, told):
    with pytest.raises(ValueError, match=rf"^{re.escape(told)}$"):
        ENGLISH.encode(text)


def test_a_missing_space_is_named():
    with pytest.raises(ValueError, match=r"^the space is not in the alphabet$"):
        CharacterTokenizer("ab").encode("a b")


@pytest.mark.parametrize("number", [-1, 28])
def test_a_number_outside_the_alphabet_is_named(number):
    with pytest.raises(ValueError, match=f"^{number} is not a token: there are 28, from 0$"):
        ENGLISH.decode([0, number])


@pytest.mark.parametrize(
    ("alphabet", "told"),
    [
        ("", "the alphabet is empty"),
        ("abab c", "the alphabet has `a`, `b` more than once"),
        ("ab\n", "the alphabet has U+000A, which no normalised text has: it is white space"),
        ("abﬁ", "the alphabet has `ﬁ`, which no normalised text has: it is written `f`, `i`"),
    ],
)
def test_an_alphabet_that_cannot_be_used_is_refused_with_the_reason(alphabet, told):
    assert alphabet_fault(alphabet) == told
    with pytest.raises(ValueError, match="alphabet") as caught:
        CharacterTokenizer(alphabet)
    assert str(caught.value) == told
