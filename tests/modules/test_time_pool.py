from __future__ import annotations

import re

import pytest
import torch

from phonograph.modules.time_pool import TimePool


@pytest.mark.parametrize("of", ["mean", "max"])
@pytest.mark.parametrize("stride", [1, 2, 5])
def test_each_frame_is_of_the_valid_ones_of_its_window(of, stride):
    x, lengths = torch.randn(3, 2, 11), torch.tensor([11, 7, 0])
    pooled, counts = TimePool(2, stride=stride, of=of)(x, lengths)
    assert counts.tolist() == [-(-n // stride) for n in lengths.tolist()]
    for row, size in enumerate(lengths.tolist()):
        for t in range(pooled.shape[2]):
            window = x[row, :, t * stride : min(t * stride + stride, size)]
            expected = torch.zeros(2)
            if window.shape[1]:
                expected = window.mean(1) if of == "mean" else window.amax(1)
            torch.testing.assert_close(pooled[row, :, t], expected)


def test_windows_of_one_frame_change_nothing():
    x = torch.randn(2, 3, 7)
    for of in ("mean", "max"):
        torch.testing.assert_close(TimePool(3, stride=1, of=of)(x, torch.tensor([7, 7]))[0], x)


def test_a_stride_of_nothing_is_refused():
    with pytest.raises(ValueError, match=re.escape("`stride` must be at least 1, not 0")):
        TimePool(3, stride=0)
