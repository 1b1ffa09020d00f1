# ruff: noqa: RUF001 - look-alike characters are what is tested
"""Transcripts in the letters of an alphabet."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.data.characters import alphabet_fault
from phonograph.data.normalization import normalize

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PLAIN = LETTERS + " '"

alphabets = st.one_of(
    st.sampled_from(
        [LETTERS, PLAIN, PLAIN.upper(), PLAIN + "-.,?", LETTERS + LETTERS.upper() + " ’", "äöüß "]
    ),
    st.text(min_size=1, max_size=12).filter(lambda text: alphabet_fault(text) is None),
)
texts = st.one_of(
    st.text(),
    st.text("aAıİßſǅéÅ e\u0301\u0308\u200d\u00ad’´`″\"'–-./_%5½…ŉΣσς\t\u00a0ﬁ＇", max_size=20),
)


@settings(max_examples=500)
@given(texts, alphabets)
def test_twice_is_the_same_as_once(text, alphabet):
    once = normalize(text, alphabet)
    assert normalize(once, alphabet) == once


@given(texts, alphabets)
def test_white_space_is_single_spaces_inside(text, alphabet):
    assert normalize(text, alphabet) == " ".join(normalize(text, alphabet).split())


@given(st.text(PLAIN))
def test_what_is_already_in_the_alphabet_only_loses_white_space(text):
    assert normalize(text, PLAIN) == " ".join(text.split())


@given(texts, alphabets)
def test_no_letter_or_digit_is_lost(text, alphabet):
    assert _spoken(normalize(text, alphabet)) == _spoken(text)


@pytest.mark.parametrize(
    ("text", "alphabet", "written"),
    [
        ("Please hold, we’re trying!", PLAIN, "please hold we're trying"),
        ("twenty-one — and/or so", PLAIN, "twenty one and or so"),
        ("(press) [one]; “two”: three…", PLAIN, "press one two three"),
        ("the U.S.A. at 5 p.m.", PLAIN, "the usa at 5 pm"),
        ("don't", LETTERS + " ", "dont"),
        ("don't", PLAIN.upper(), "DON'T"),
        ("Don't Stop.", PLAIN + "DS.", "Don't Stop."),
        ("well-known", PLAIN + "-", "well-known"),
        ("well\u2013known", PLAIN + "-", "well-known"),
        ("100 % of AT&T", PLAIN, "100 % of at&t"),
        ("na\u0308h ﬁne", PLAIN, "näh fine"),
        ("it´s it`s", PLAIN, "it's it's"),
        ("zero\u200bwidth soft\u00adhyphen", PLAIN, "zerowidth softhyphen"),
        ("a\u00a0\t b\n", PLAIN, "a b"),
        ("...", PLAIN, ""),
    ],
)
def test_texts_are_written_like_this(text, alphabet, written):
    assert normalize(text, alphabet) == written


def _spoken(text: str) -> list[str]:
    """Letters and digits without case and accents."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    folded = unicodedata.normalize("NFKD", plain.casefold())
    # this apostrophe is a letter to Unicode and a quote to us
    return [c for c in folded if unicodedata.category(c)[0] in "LN" and c != "ʼ"]
