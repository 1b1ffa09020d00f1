"""Frames stand where they are said to, and hear as far ahead as they say."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.framing import Framing

SHAPES = st.sampled_from(["hann", "hamming", "blackman", "bartlett", "ones"])
PLACES = st.sampled_from(["all", "whole", "between"])


def energies(framing, audio, *, window, hop, n_fft):
    """Return the energy of every windowed frame [T]."""
    lengths = torch.tensor([audio.shape[1]])
    padded = framing.padded(audio, lengths, hop=hop, n_fft=n_fft)
    frames = padded.unfold(1, n_fft, hop) * framing.window(window, n_fft)
    return frames.square().sum(2)[0]


@given(SHAPES, st.booleans(), st.integers(4, 40), st.integers(0, 40))
def test_the_window_lies_in_the_middle(shape, periodic, samples, more):
    window = Framing(shape=shape, periodic=periodic).window(samples, samples + more)
    left = more // 2
    assert window.shape == (samples + more,)
    assert not window[:left].any()
    assert not window[left + samples :].any()
    if not periodic:
        inside = window[left : left + samples]
        torch.testing.assert_close(inside, inside.flip(0))


@given(SHAPES, st.booleans(), PLACES, st.integers(8, 30), st.integers(2, 8), st.integers(0, 9))
def test_a_frame_hears_exactly_as_far_ahead_as_it_says(shape, periodic, place, window, half, more):
    sizes = {"window": window, "hop": 2 * half, "n_fft": window + more}
    framing = Framing(shape=shape, periodic=periodic, frames=place)
    ahead = framing.look_ahead(**sizes)
    frame, steps = 2, 200
    for sample, heard in ((frame * 2 * half + ahead, True), (frame * 2 * half + ahead + 1, False)):
        click = torch.zeros(1, steps)
        click[0, sample] = 1.0
        assert bool(energies(framing, click, **sizes)[frame] > 0) == heard


@given(PLACES, st.integers(8, 30), st.integers(1, 8), st.integers(60, 90))
def test_there_is_a_frame_for_every_hop_begun_and_one(place, window, half, samples):
    framing, hop = Framing(frames=place), 2 * half
    frames = energies(framing, torch.randn(1, samples), window=window, hop=hop, n_fft=2 * window)
    assert len(frames) == samples // hop + 1
    assert framing.frames_more == {"all": 1, "whole": 0, "between": -1}[place]


def test_preemphasis_takes_a_share_of_each_sample_off_the_next():
    framing = Framing(preemphasis=0.5)
    audio = torch.tensor([[4.0, 4.0, 2.0, 9.0]])
    padded = framing.padded(audio, torch.tensor([3]), hop=2, n_fft=4)
    assert padded.tolist() == [[0.0, 0.0, 4.0, 2.0, 0.0, 0.0, 0.0, 0.0]]


def test_between_hops_preemphasis_leaves_the_last_samples_out():
    framing = Framing(frames="between", preemphasis=0.5)
    padded = framing.padded(torch.ones(1, 10), torch.tensor([10]), hop=2, n_fft=8)
    assert padded[0].tolist() == [0.0] * 3 + [1.0] + [0.5] * 6 + [0.0] * 8


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"preemphasis": -0.1}, "`preemphasis` must be from 0 to 1, not -0.1"),
        ({"preemphasis": float("nan")}, "`preemphasis` must be from 0 to 1, not nan"),
        (
            {"padding": "reflect", "frames": "between"},
            "`padding` must be zero where `frames` are between, not reflect",
        ),
    ],
)
def test_what_cannot_be_is_refused(given, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Framing(**given)
