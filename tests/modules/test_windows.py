"""Blocks and windows hold what they should, and come together again."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.windows import Windows

SIZES = st.integers(1, 5)
REACHES = st.integers(0, 6)


@given(size=SIZES, before=REACHES, after=REACHES, frames=st.integers(1, 17))
def test_each_window_holds_its_block_and_what_is_around_it(size, before, after, frames):
    windows = Windows(size, before, after)
    x = torch.arange(1, 2 * frames + 1).view(2, frames)
    around = windows.around(x).view(2, -1, windows.span)
    blocks = windows.blocks(x).view(2, -1, size)
    assert around.shape[1] == blocks.shape[1] == windows.count(frames)
    for number in range(blocks.shape[1]):
        start = number * size
        for place in range(windows.span):
            frame = start - before + place
            expected = x[:, frame] if 0 <= frame < frames else torch.zeros(2, dtype=x.dtype)
            assert torch.equal(around[:, number, place], expected)
    assert torch.equal(windows.joined(windows.blocks(x), x), x)


def test_channels_and_truth_values_go_along():
    windows = Windows(2, 1, 1)
    x = torch.randn(3, 5, 4)
    assert windows.around(x).shape == (9, 4, 4)
    assert torch.equal(windows.joined(windows.blocks(x), x), x)
    mask = torch.ones(1, 3, dtype=torch.bool)
    assert windows.around(mask).tolist() == [[False, True, True, True], [True, True, False, False]]
