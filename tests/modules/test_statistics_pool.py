from __future__ import annotations

import re

import pytest
import torch

from phonograph.modules.statistics_pool import StatisticsPool


def test_mean_and_deviation_are_those_of_the_valid_frames():
    frames, lengths = torch.randn(2, 4, 50), torch.tensor([50, 31])
    pooled = StatisticsPool()(frames, lengths)
    for row, size in enumerate(lengths.tolist()):
        valid = frames[row, :, :size]
        torch.testing.assert_close(pooled[row, :4], valid.mean(1))
        torch.testing.assert_close(pooled[row, 4:], valid.std(1, correction=0))


@pytest.mark.parametrize("size", [0, 1])
def test_utterances_without_a_deviation_have_a_finite_gradient(size):
    frames = torch.randn(1, 4, 3, requires_grad=True)
    pooled = StatisticsPool()(frames, torch.tensor([size]))
    pooled.sum().backward()
    assert bool(pooled.isfinite().all())
    assert frames.grad is not None
    assert bool(frames.grad.isfinite().all())


def test_the_order_of_frames_does_not_count():
    frames = torch.randn(1, 4, 20)
    shuffled = frames[:, :, torch.randperm(20)]
    pool, lengths = StatisticsPool(), torch.tensor([20])
    torch.testing.assert_close(pool(frames, lengths), pool(shuffled, lengths))


def test_no_epsilon_is_refused():
    with pytest.raises(ValueError, match=re.escape("`epsilon` must be above 0, not 0.0")):
        StatisticsPool(epsilon=0.0)
