from __future__ import annotations

import torch

from phonograph.modules.equally_long import equally_long


def test_the_shortest_decides_and_widths_stay():
    first, second = torch.randn(2, 3, 9), torch.randn(2, 5, 7)
    cut = equally_long([first, second])
    torch.testing.assert_close(cut[0], first[:, :, :7])
    assert cut[1] is second
