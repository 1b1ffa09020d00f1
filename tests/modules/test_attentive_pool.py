from __future__ import annotations

import re

import pytest
import torch

from phonograph.modules.attentive_pool import AttentivePool
from phonograph.modules.statistics_pool import StatisticsPool


def test_without_preferences_it_gives_plain_statistics():
    frames, lengths = torch.randn(2, 4, 50), torch.tensor([50, 31])
    pool = AttentivePool(4)
    torch.nn.init.zeros_(pool.score.weight)
    torch.testing.assert_close(pool(frames, lengths), StatisticsPool()(frames, lengths))


def test_strong_preferences_leave_one_frame():
    frames = torch.randn(1, 4, 30)
    pool = AttentivePool(4, hidden=1)
    with torch.no_grad():
        pool.hidden.weight.copy_(torch.tensor([[1e-3, 0, 0, 0]]))
        pool.hidden.bias.zero_()
        pool.score.weight.fill_(1e8)  # the frame that is largest in the first channel
    best = frames[0, :, frames[0, 0].argmax()]
    pooled = pool(frames, torch.tensor([30]))[0]
    torch.testing.assert_close(pooled[:4], best, atol=1e-3, rtol=0)
    assert bool((pooled[4:] < 0.01).all())


def test_an_utterance_without_frames_stays_finite():
    pooled = AttentivePool(4)(torch.randn(1, 4, 5), torch.tensor([0]))
    assert bool(pooled.isfinite().all())


def test_a_width_of_nothing_is_refused():
    with pytest.raises(ValueError, match=re.escape("`hidden` must be at least 1, not 0")):
        AttentivePool(4, hidden=0)
