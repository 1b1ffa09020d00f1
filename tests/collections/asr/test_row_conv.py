"""The row convolution hears the frames it says, channel by channel."""

import pytest
import torch

from phonograph.collections.asr.row_conv import RowConv


def test_an_output_is_the_weighted_sum_of_its_own_and_the_next_frames():
    layer = RowConv(2, ahead=2)
    encoded = torch.randn(1, 2, 6)
    weight = layer.conv.weight[:, 0]
    expected = torch.zeros(1, 2, 6)
    for frame in range(6):
        for step in range(3):
            if frame + step < 5:  # the last frame is not valid
                expected[0, :, frame] += weight[:, step] * encoded[0, :, frame + step]
    expected[..., 5] = 0.0
    torch.testing.assert_close(layer(encoded, torch.tensor([5])), expected.clamp(0, 20))


def test_it_has_a_weight_for_every_channel_and_frame_it_hears():
    assert sum(weight.numel() for weight in RowConv(8, ahead=19).parameters()) == 8 * 20
    with pytest.raises(ValueError, match=r"^`ahead` must be at least 1, not 0$"):
        RowConv(8, ahead=0)
