"""The residual convolution block."""

from typing import Any

import pytest
import torch

from phonograph.modules.conv_block import ConvBlock, ResidualConvBlock


def test_without_weights_in_the_convolutions_a_block_passes_its_shortcut() -> None:
    block = ResidualConvBlock(3, ConvBlock(3, kernel=3, repeat=2), activation="relu").eval()
    weights = block.state_dict()
    for name, weight in weights.items():
        if "pointwise" in name:
            weight.zero_()
    torch.nn.init.dirac_(weights["shortcut.conv.conv.weight"])
    frames = torch.randn(2, 3, 7)
    out, _ = block(frames, torch.tensor([7, 7]))
    # Batch norm that has seen nothing only divides by sqrt(1 + 0.001).
    torch.testing.assert_close(out, frames.relu() / 1.001**0.5)


def test_the_last_convolution_takes_the_stride() -> None:
    block = ResidualConvBlock(4, ConvBlock(6, kernel=3, repeat=3, stride=2), activation="silu")
    out, lengths = block(torch.randn(2, 4, 9), torch.tensor([9, 6]))
    assert out.shape == (2, 6, 5)
    assert lengths.tolist() == [5, 3]
    assert [unit.conv.stride for unit in block.units] == [1, 1, 2]


def test_dropout_is_drawn_in_training_only() -> None:
    block = ResidualConvBlock(4, ConvBlock(64, kernel=1, dropout=0.5), activation="gelu")
    frames, lengths = torch.randn(1, 4, 5), torch.tensor([5])
    assert not torch.equal(block(frames, lengths)[0], block(frames, lengths)[0])
    block.eval()
    assert torch.equal(block(frames, lengths)[0], block(frames, lengths)[0])


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`kernel` must be odd, not 4$"):
        ConvBlock(8, kernel=4)
    for name in ("filters", "kernel", "repeat", "stride", "dilation"):
        given: dict[str, Any] = {"filters": 8, "kernel": 3, name: 0}
        with pytest.raises(ValueError, match=rf"^`{name}` must be at least 1, not 0$"):
            ConvBlock(**given)
    told = r"^`dropout` must be at least 0 and below 1, not 1.0$"
    with pytest.raises(ValueError, match=told):
        ConvBlock(8, kernel=3, dropout=1.0)
