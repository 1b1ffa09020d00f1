"""What a frame may see, and what is refused."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.context import Context

REACH = st.integers(0, 4)


def seen(context, frames=12):
    numbers = torch.arange(frames)
    return context.seen(numbers, numbers)


@given(left=REACH, right=REACH)
def test_regular_frames_see_so_many_on_either_side(left, right):
    marks = seen(Context(left, right))
    for query in range(12):
        for key in range(12):
            assert marks[query, key] == (query - left <= key <= query + right)


@given(chunks=REACH, right=REACH)
def test_chunks_see_themselves_and_whole_chunks_before(chunks, right):
    size = right + 1
    marks = seen(Context(chunks * size, right, "chunked"))
    for query in range(12):
        for key in range(12):
            back = query // size - key // size
            assert marks[query, key] == (0 <= back <= chunks)


@given(left=REACH, right=REACH, style=st.sampled_from(["regular", "chunked", "local"]))
def test_the_last_one_seen_is_the_last_one_seen(left, right, style):
    context = Context(left * (right + 1) if style == "chunked" else left, right, style)
    marks = seen(context, 40)
    for frame in range(20):
        assert int(marks[frame].nonzero().max()) == context.last_seen(frame)


def test_chunks_may_see_everything_before():
    assert seen(Context(None, 1, "chunked")).int()[5].tolist() == [1] * 6 + [0] * 6


def test_training_draws_among_all_reaches_and_inference_takes_the_first():
    context = Context(2, 1, "chunked", others=[(4, 0), (None, None)], chances=[0, 0.5, 0.5])
    frames = torch.arange(6)
    drawn = {tuple(context.seen(frames, frames, draw=True).sum(1).tolist()) for _ in range(40)}
    assert drawn == {(1, 2, 3, 4, 5, 5), (6,) * 6}
    assert context.seen(frames, frames).sum(1).tolist() == [2, 2, 4, 4, 4, 4]


def test_all_reaches_are_drawn_alike_without_chances():
    context = Context(1, 0, others=[(2, 0)])
    frames = torch.arange(3)
    counts = [int(context.seen(frames, frames, draw=True).sum()) for _ in range(200)]
    assert 50 < counts.count(5) < 150


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"left": -1}, "`left` must be at least 0, not -1"),
        ({"right": -2}, "`right` must be at least 0, not -2"),
        (
            {"left": 3, "right": 1, "style": "chunked"},
            "`left` must be a multiple of the chunk, `right` + 1 = 1+1, not 3",
        ),
        (
            {"style": "chunked"},
            "`right` must be given for the style `chunked`: a chunk is longer by 1",
        ),
        (
            {"left": 4, "style": "local"},
            "`style` local needs one `left` and one `right`, no `others`",
        ),
        (
            {"left": 4, "right": 1, "others": [(2, 1)], "chances": [1.0]},
            "`chances` must be 2, for the first reach and each other",
        ),
        (
            {"left": 4, "right": 1, "chances": [0.0]},
            "`chances` must be at least 0, and above 0 together",
        ),
    ],
)
def test_numbers_that_do_not_fit_are_refused(settings, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Context(**settings)
