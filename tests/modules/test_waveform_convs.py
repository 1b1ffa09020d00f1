"""Convolutions over samples keep their word about lengths, padding and the original."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from phonograph.modules.waveform_convs import TimeNorm, WaveformConvs, WaveformConvSettings


@st.composite
def forms(draw):
    count = draw(st.integers(1, 3))
    numbers = st.lists(st.integers(1, 4), min_size=count, max_size=count).map(tuple)
    return WaveformConvSettings(
        draw(numbers),
        kernels=draw(numbers),
        strides=draw(numbers),
        norm=draw(st.sampled_from(["first", "each"])),
        bias=draw(st.booleans()),
        activation=draw(st.sampled_from(["gelu", "relu", "silu"])),
    )


@settings(max_examples=40)
@given(forms(), st.lists(st.integers(0, 60), min_size=1, max_size=3))
def test_any_form_keeps_the_declared_lengths_and_hears_no_padding(form, lengths):
    convs = WaveformConvs(form)
    audio = torch.randn(len(lengths), max(*lengths, 1))
    batch, counts = convs(audio, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        frames = max(0, (length - form.field) // form.stride + 1)
        assert int(counts[row]) == frames
        if frames:
            alone, _ = convs(audio[row : row + 1, :length], torch.tensor([length]))
            assert alone.shape == (1, form.widths[-1], frames)
            torch.testing.assert_close(batch[row, :, :frames], alone[0], atol=1e-5, rtol=1e-4)


def test_the_published_models_hear_400_samples_every_320():
    settings = WaveformConvSettings()
    assert (settings.field, settings.stride) == (400, 320)


def test_without_padding_the_first_norm_is_a_group_norm_with_a_group_per_channel():
    ours, theirs = TimeNorm(4), nn.GroupNorm(4, 4)
    for weight in (ours.norm.weight, ours.norm.bias):
        nn.init.normal_(weight)
    theirs.load_state_dict(ours.norm.state_dict())
    x = 3 + torch.randn(2, 4, 50)
    torch.testing.assert_close(ours(x, torch.tensor([50, 50])), theirs(x), atol=1e-5, rtol=1e-5)


def test_audio_shorter_than_one_frame_gives_none():
    frames, lengths = WaveformConvs(WaveformConvSettings())(torch.ones(2, 5), torch.tensor([5, 0]))
    assert lengths.tolist() == [0, 0]
    assert frames.isfinite().all()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"widths": ()}, "`widths` must name at least one convolution"),
        ({"kernels": (3, 3)}, "`kernels` has 2 numbers for 7 convolutions"),
        ({"strides": (2, 0, 2, 2, 2, 2, 2)}, "`strides` must be at least 1, not 0"),
        ({"widths": (2, 2, 0, 2, 2, 2, 2)}, "`widths` must be at least 1, not 0"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(arguments, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        WaveformConvSettings(**arguments)
