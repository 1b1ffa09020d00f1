"""Valid frames are counted alike at every frame rate."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.time_axis import TimeAxis


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=3), st.lists(st.integers(1, 3), max_size=4)
)
def test_strides_one_after_another_round_up_as_their_product(lengths, strides):
    axis = TimeAxis.of(torch.tensor(lengths), max(lengths))
    for stride in strides:
        axis = axis.strided(stride)
    total = math.prod(strides)
    expected = [math.ceil(length / total) for length in lengths]
    assert axis.lengths.tolist() == axis.mask.sum((1, 2, 3)).tolist() == expected
    assert axis.mask.shape == (len(lengths), 1, 1, max(expected))


def test_without_a_stride_the_mask_is_not_made_again():
    axis = TimeAxis.of(torch.tensor([3]), 4)
    assert axis.strided(1) is axis
