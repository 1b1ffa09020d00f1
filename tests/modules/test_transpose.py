from __future__ import annotations

import torch

from phonograph.modules.transpose import Transpose


def test_frames_that_are_as_many_as_they_are_wide_are_turned_too():
    frames = torch.randn(2, 4, 4)
    torch.testing.assert_close(Transpose()(frames)[1, 2, 3], frames[1, 3, 2])
