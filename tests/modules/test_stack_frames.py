from __future__ import annotations

import re

import pytest
import torch

from phonograph.modules.stack_frames import StackFrames


@pytest.mark.parametrize(("frames", "stride"), [(1, 1), (3, 3), (3, 2), (8, 3), (4, 1)])
@pytest.mark.parametrize("size", [0, 1, 7, 12])
def test_every_stack_holds_its_frames_in_order_and_zeros_after_the_end(frames, stride, size):
    x = torch.randn(1, 2, size)
    stacked, lengths = StackFrames(2, frames=frames, stride=stride)(x, torch.tensor([size]))
    assert stacked.shape == (1, 2 * frames, -(-size // stride))
    assert lengths.tolist() == [stacked.shape[2]]
    longer = torch.nn.functional.pad(x, (0, frames))
    for t in range(stacked.shape[2]):
        expected = longer[0, :, t * stride : t * stride + frames].T.flatten()
        torch.testing.assert_close(stacked[0, :, t], expected)


def test_stacks_without_overlap_can_be_taken_apart_again():
    x = torch.randn(2, 3, 12)
    stacked, _ = StackFrames(3, frames=4)(x, torch.tensor([12, 12]))
    torch.testing.assert_close(stacked.unflatten(1, (4, 3)).permute(0, 2, 3, 1).flatten(2), x)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frames": 0}, "`frames` must be at least 1, not 0"),
        ({"frames": 3, "stride": 0}, "`stride` must be at least 1, not 0"),
        ({"frames": 3, "stride": 4}, "`stride` must be at most `frames`, 3, not 4"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        StackFrames(2, **settings)
