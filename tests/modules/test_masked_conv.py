"""A masked convolution counts frames as declared and hears no padding."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.modules.masked_conv import MaskedConv1d, strided

sizes = st.fixed_dictionaries(
    {
        "kernel": st.sampled_from([1, 3, 5, 11]),
        "stride": st.integers(1, 4),
        "dilation": st.integers(1, 3),
        "depthwise": st.booleans(),
    }
)


@settings(deadline=None)
@given(sizes, st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(0, 5))
def test_each_utterance_sounds_as_if_it_were_alone(sizes, lengths, extra) -> None:
    conv = MaskedConv1d(4, 4 if sizes["depthwise"] else 8, **sizes)
    size = max(lengths) + extra
    frames = torch.randn(len(lengths), 4, size)
    batch, counts = conv(frames, torch.tensor(lengths))
    assert batch.shape[2] == math.ceil(size / sizes["stride"])
    for row, length in enumerate(lengths):
        alone, count = conv(frames[row : row + 1, :, :length], torch.tensor([length]))
        assert int(counts[row]) == int(count) == alone.shape[2]
        assert int(count) == math.ceil(length / sizes["stride"])
        torch.testing.assert_close(batch[row, :, : alone.shape[2]], alone[0])


def test_what_is_not_a_number_stays_in_the_padding() -> None:
    frames = torch.zeros(1, 1, 6)
    frames[0, 0, 3:] = float("nan")
    assert MaskedConv1d(1, 1, 5)(frames, torch.tensor([3]))[0][:, :, :3].isfinite().all()


def test_lengths_round_up() -> None:
    assert strided(torch.tensor([0, 1, 2, 3, 4]), 3).tolist() == [0, 1, 1, 1, 2]


def test_an_even_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`kernel` must be odd, not 4$"):
        MaskedConv1d(1, 1, 4)


def test_a_depthwise_convolution_that_changes_the_width_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a depthwise convolution keeps its width 1, not 2$"):
        MaskedConv1d(1, 2, 3, depthwise=True)
