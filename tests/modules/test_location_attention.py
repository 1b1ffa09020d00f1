"""Attention weighs valid frames only, and moves on from where it was."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.location_attention import AttentionSettings, LocationAttention


def attended(attention, frames, lengths, steps=3):
    memory = attention.remember(frames, torch.tensor(lengths))
    focus = attention.start(memory)
    query = torch.linspace(-1, 1, 4 * len(lengths)).reshape(len(lengths), 4)
    for _ in range(steps):
        focus = attention(query, focus, memory)
    return focus


@given(st.lists(st.integers(0, 9), min_size=1, max_size=3), st.sampled_from([0, 2]))
def test_weights_are_a_distribution_over_valid_frames(lengths, filters):
    attention = LocationAttention(4, 6, AttentionSettings(width=5, filters=filters, kernel=3))
    focus = attended(attention, torch.randn(len(lengths), 11, 6), lengths)
    for row, length in enumerate(lengths):
        weights = focus.weights[row]
        assert not weights[length:].any()
        torch.testing.assert_close(weights.sum(), torch.tensor(float(length > 0)))
        torch.testing.assert_close(focus.total[row].sum(), torch.tensor(3.0 * (length > 0)))
    assert focus.context.isfinite().all()


def test_the_context_is_the_mean_of_the_frames_under_the_weights():
    attention = LocationAttention(4, 6, AttentionSettings(width=5))
    frames = torch.randn(2, 9, 6)
    focus = attended(attention, frames, [9, 9])
    torch.testing.assert_close(focus.context, torch.einsum("bt,btd->bd", focus.weights, frames))


def test_without_filters_the_past_makes_no_difference():
    attention = LocationAttention(4, 6, AttentionSettings(width=5, filters=0))
    frames = torch.randn(1, 9, 6)
    once, thrice = (attended(attention, frames, [9], steps) for steps in (1, 3))
    assert torch.equal(once.weights, thrice.weights)
    located = LocationAttention(4, 6, AttentionSettings(width=5))
    once, thrice = (attended(located, frames, [9], steps) for steps in (1, 3))
    assert not torch.allclose(once.weights, thrice.weights)


def test_filters_can_move_the_focus_one_frame_a_step():
    attention = LocationAttention(1, 1, AttentionSettings(width=1, filters=1, kernel=3))
    with torch.no_grad():
        for weight in attention.parameters():
            weight.zero_()
        attention.get_parameter("past.weight")[0, 0, 0] = 1.0  # the frame before
        attention.location.weight.fill_(3.0)
        attention.score.weight.fill_(50.0)
    memory = attention.remember(torch.randn(1, 7, 1), torch.tensor([7]))
    focus = attention.start(memory)
    seen = []
    for _ in range(5):
        focus = attention(torch.zeros(1, 1), focus, memory)
        seen.append(int(focus.weights.argmax()))
    assert seen == [1, 2, 3, 4, 5]


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`kernel` must be odd, not 4$"):
        AttentionSettings(kernel=4)
    with pytest.raises(ValueError, match=r"^`filters` must be at least 0, not -1$"):
        AttentionSettings(filters=-1)
