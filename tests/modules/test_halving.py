"""Frames are counted as convolutions leave them."""

import pytest
import torch
from torch.nn import functional

from phonograph.modules.halving import Span, halvings_in


@pytest.mark.parametrize("causal", [False, True])
def test_ends_are_what_a_convolution_leaves(causal):
    for size in range(1, 12):
        frames = functional.pad(torch.zeros(1, 1, size), (2, 1) if causal else (1, 1))
        left = functional.conv1d(frames, torch.zeros(1, 1, 3), stride=2).shape[2]
        assert Span(torch.tensor([size])).halved(causal=causal).end.item() == left


def test_beginnings_are_halved_too():
    span = Span(torch.tensor([12, 8]), torch.tensor([4, 0])).halved(causal=False)
    assert span.mask(7).int().tolist() == [[0, 0, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize("stride", [0, 3, -2])
def test_a_stride_that_is_no_power_of_two_is_refused(stride):
    with pytest.raises(ValueError, match=rf"^`stride` must be a power of two .* not {stride}$"):
        halvings_in(stride)
