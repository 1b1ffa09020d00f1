from __future__ import annotations

import torch

from phonograph.modules.max_pool import MaxPool


def test_the_padding_does_not_count_and_nothing_gives_zero():
    frames = torch.tensor([[[-3.0, -1.0, 9.0]], [[5.0, 6.0, 7.0]]])
    pooled = MaxPool()(frames, torch.tensor([2, 0]))
    torch.testing.assert_close(pooled, torch.tensor([[-1.0], [0.0]]))
