"""Features are shortened exactly, and padding never leaks."""

import math

import pytest
import torch

from phonograph.collections.asr.conv_subsampling import Conv2dSubsampling
from phonograph.collections.asr.subsampling import Subsampling
from phonograph.collections.asr.time_subsampling import (
    Conv1dSubsampling,
    PoolingReduction,
    StackSubsampling,
)

BOTH = [Conv2dSubsampling, Conv1dSubsampling]


@pytest.mark.parametrize("subsampling", BOTH)
@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_lengths_and_frames_are_rounded_up(subsampling, stride):
    module = subsampling(5, 6, stride)
    for size in range(1, 20):
        lengths = torch.tensor([size, max(1, size - 3)])
        frames, shorter = module(torch.zeros(2, 5, size), lengths)
        assert frames.shape == (2, math.ceil(size / stride), 6)
        assert shorter.tolist() == [math.ceil(n / stride) for n in lengths.tolist()]
        assert shorter.dtype == torch.int64


@pytest.mark.parametrize("subsampling", BOTH)
@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_what_is_in_the_padding_does_not_matter(subsampling, stride):
    module = subsampling(5, 6, stride)
    features = torch.randn(1, 5, 13)
    alone, lengths = module(features, torch.tensor([13]))
    padded = torch.cat([features, torch.full((1, 5, 11), float("nan"))], 2)
    together, same = module(padded, torch.tensor([13]))
    assert torch.equal(lengths, same)
    torch.testing.assert_close(together[:, : alone.shape[1]], alone)


@pytest.mark.parametrize("subsampling", BOTH)
@pytest.mark.parametrize("stride", [0, 3, -2])
def test_a_stride_that_is_no_power_of_two_is_refused(subsampling, stride):
    told = rf"^`stride` must be a power of two such as 1, 2, 4 or 8, not {stride}$"
    with pytest.raises(ValueError, match=told):
        subsampling(5, 6, stride)


@pytest.mark.parametrize("size", range(8, 13))
def test_filled_stacks_count_what_fills_up_the_last_one_of_the_batch(size):
    module = StackSubsampling(5, 6, 4, filled=True)
    frames, shorter = module(torch.zeros(2, 5, size), torch.tensor([size, 6]))
    assert frames.shape == (2, math.ceil(size / 4), 6)
    assert shorter.tolist() == [math.ceil(size / 4), (6 + -size % 4) // 4]


@pytest.mark.parametrize("size", [4, 5])
def test_a_reduction_may_cut_what_is_left_over(size):
    features, lengths = torch.randn(1, 3, size), torch.tensor([size])
    pooled, shorter = PoolingReduction(2, cut=True)(features, lengths)
    whole, same = PoolingReduction(2)(features, lengths)
    assert pooled.shape[1] == 2
    assert torch.equal(pooled, whole[:, :2])
    assert torch.equal(shorter, same)


def test_padding_below_one_frame_is_refused():
    with pytest.raises(ValueError, match=r"^`padding` must be at least 1, not 0$"):
        Subsampling(padding=0)


@pytest.mark.parametrize("kind", ["conv2d", "dw_conv2d", "vgg"])
def test_what_differs_between_frames_keeps_its_size_at_the_start(kind):
    torch.manual_seed(0)
    front = Subsampling(kind, channels=64).build(80, 64, 4)
    frames, _ = front(torch.randn(2, 80, 200), torch.tensor([200, 200]))
    assert 0.2 < frames.std(1).mean() < 2  # 0.08 and less where PyTorch draws the convolutions
