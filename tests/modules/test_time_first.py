from __future__ import annotations

import torch

from phonograph.modules.time_first import TimeFirst
from phonograph.modules.transpose import Transpose


def test_there_and_back_again_is_the_same():
    frames = torch.randn(2, 5, 7)
    torch.testing.assert_close(Transpose()(TimeFirst()(frames)), frames)
