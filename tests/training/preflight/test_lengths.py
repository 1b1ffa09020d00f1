"""Utterances against the frames of CTC and the size of a batch."""

import pytest

from phonograph.training.preflight.texts import frames_needed


@pytest.mark.parametrize(
    ("tokens", "frames"), [([], 0), ([1], 1), ([1, 1], 3), ([1, 1, 1], 5), ([1, 2, 1], 3)]
)
def test_equal_neighbours_need_a_blank_between_them(tokens, frames):
    assert frames_needed(tokens) == frames


# 1 + floor(S / 160) frames of the mel, a quarter of these at the loss
@pytest.mark.parametrize(
    ("text", "fits"), [("abcdefgh", True), ("abcdefghi", False), ("aab", True)]
)
def test_ctc_needs_a_frame_for_each_token(look, record, tone, codes, text, fits):
    found = look(train=[record(tone(0.31), text)])
    assert codes(found) == ([] if fits else [("PD030", 1)])


def test_equal_letters_count_twice(look, record, tone):
    found = look(train=[record(tone(0.31), "aaaaa", id="a")])
    fault = found.groups[0].findings[0].fault
    assert fault.message == (
        "utterance `a` has 8 frames at `loss`, its text needs 9: 5 tokens and 4 between equal ones"
    )
    assert fault.causes[1] == "frames = ceil((floor(S/160)+1)/4) of 4960 samples"


def test_the_frames_are_those_of_the_solved_graph(look, record, tone):
    found = look(train=[record(tone(0.31), "abcdefgh")])
    (limit,) = found.demands.limits
    assert (limit.node, limit.exact, limit.frames(0), limit.frames(16000)) == ("loss", True, 1, 26)


def test_longer_than_a_batch_and_very_short_are_warnings(look, record, tone, codes):
    lines = [record(tone(61), "a b c"), record(tone(0.05), "a")]
    assert codes(look(train=lines)) == [("PD034", 1), ("PD035", 2)]
