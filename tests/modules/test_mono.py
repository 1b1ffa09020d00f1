from __future__ import annotations

import torch

from phonograph.modules.mono import Mono


def test_equal_channels_give_the_same_and_opposite_ones_silence():
    audio = torch.randn(2, 1, 50)
    torch.testing.assert_close(Mono(8000)(audio.expand(2, 3, 50)), audio[:, 0])
    torch.testing.assert_close(Mono(8000)(torch.cat([audio, -audio], 1)), torch.zeros(2, 50))
