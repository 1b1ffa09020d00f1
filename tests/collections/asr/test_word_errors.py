from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.word_errors import (
    Edit,
    ErrorCounts,
    align_characters,
    align_words,
    aligned_text,
    character_errors,
    count,
    top_confusions,
    word_errors,
)

words = st.lists(st.sampled_from(["a", "b", "cd", "ce"]), max_size=6).map(" ".join)


def distance(first, second):
    """Count edits by trying all of them (Wagner and Fischer 1974)."""

    @cache
    def between(i, j):
        if min(i, j) == 0:
            return max(i, j)
        changed = between(i - 1, j - 1) + (first[i - 1] != second[j - 1])
        return min(changed, between(i - 1, j) + 1, between(i, j - 1) + 1)

    return between(len(first), len(second))


@given(words)
def test_equal_texts_have_no_errors(text):
    counts = word_errors([text], [text])
    assert (counts.errors, counts.rate, counts.reference) == (0, 0, len(text.split()))


@given(words, words)
def test_errors_are_the_fewest_edits(said, heard):
    counts = word_errors([said], [heard])
    assert counts.errors == distance(said.split(), heard.split())
    assert counts.reference == len(said.split())
    assert character_errors([said], [heard]).errors == distance(said, heard)


@given(words, words)
def test_swapping_the_texts_swaps_insertions_and_deletions(said, heard):
    there, back = word_errors([said], [heard]), word_errors([heard], [said])
    assert there.errors == back.errors
    assert there.insertions - there.deletions == back.deletions - back.insertions


@given(words, words)
def test_an_alignment_spells_both_texts(said, heard):
    edits = align_words(said, heard)
    assert [edit.ref for edit in edits if edit.op != "insert"] == said.split()
    assert [edit.hyp for edit in edits if edit.op != "delete"] == heard.split()
    assert all((edit.ref == edit.hyp) == (edit.op == "equal") for edit in edits)


@given(st.lists(st.tuples(words, words), max_size=4))
def test_counts_of_a_set_are_the_sum_over_its_utterances(pairs):
    references, hypotheses = [a for a, _ in pairs], [b for _, b in pairs]
    total = sum((count(align_words(*pair)) for pair in pairs), ErrorCounts())
    assert word_errors(references, hypotheses) == total


def test_an_empty_reference_keeps_the_rate_finite():
    assert word_errors([""], [""]).rate == 0
    assert word_errors([""], ["two words"]).rate == 2
    assert word_errors(["", "one two"], ["one", "one two"]).rate == 0.5


def test_white_space_does_not_count():
    assert word_errors([" press  one "], ["press one"]).errors == 0
    assert align_characters(" a  b", "a b ") == [
        Edit("equal", "a", "a"),
        Edit("equal", " ", " "),
        Edit("equal", "b", "b"),
    ]


def test_sets_of_unequal_size_are_an_error():
    for function in (word_errors, character_errors, top_confusions):
        with pytest.raises(ValueError, match="shorter"):
            function(["a", "b"], ["a"])


def test_counts_become_plain_data():
    assert ErrorCounts(1, 2, 0, 6).to_json() == {
        "rate": 0.5,
        "substitutions": 1,
        "insertions": 2,
        "deletions": 0,
        "reference": 6,
    }


def test_long_texts_are_aligned_in_groups_of_lines():
    assert aligned_text("one two three four", "one too three for", width=22) == (
        "said:   one TWO three\n"
        "heard:  one TOO three\n"
        "            S\n"
        "said:   FOUR\n"
        "heard:  FOR\n"
        "        S"
    )


def test_errors_stand_out_in_the_aligned_text():
    said = "to leave a message press one"
    heard = "to live message press one now"
    assert aligned_text(said, heard) == (
        "said:   to LEAVE A message press one ***\n"
        "heard:  to LIVE  * message press one NOW\n"
        "           S     D                   I"
    )


def test_without_errors_there_is_no_line_of_marks():
    assert aligned_text("yes", "yes") == "said:   yes\nheard:  yes"
    assert aligned_text("", "") == "said:\nheard:"


def test_the_commonest_confusions_come_first():
    said = ["one two", "one", "yes", "three"]
    heard = ["on two", "on", "yes now", "tree"]
    assert top_confusions(said, heard, limit=2) == [
        (Edit("substitute", "one", "on"), 2),
        (Edit("insert", "", "now"), 1),
    ]
