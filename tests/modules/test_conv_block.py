"""The residual convolution block."""

import re
from typing import Any

import pytest
import torch

from phonograph.modules.conv_block import ConvBlock, ResidualConvBlock
from phonograph.modules.squeeze_excite import Excite
from phonograph.modules.time_axis import TimeAxis


def axis(*lengths: int) -> TimeAxis:
    return TimeAxis.of(torch.tensor(lengths), max(lengths))


def test_without_weights_in_the_convolutions_a_block_passes_its_shortcut():
    row = ConvBlock(3, kernel=3, repeat=2)
    block: Any = ResidualConvBlock([3], row, activation="relu").eval()
    for name, weight in block.state_dict().items():
        if name.startswith("units") and "conv" in name:
            weight.zero_()
    torch.nn.init.dirac_(block.shortcuts[0].conv.weight)
    frames = torch.randn(2, 3, 1, 7)
    out, _ = block([frames], axis(7, 7))
    # Batch norm that has seen nothing only divides by sqrt(1 + 0.001).
    torch.testing.assert_close(out, frames.relu() / 1.001**0.5)


def test_a_dense_block_adds_every_input():
    row = ConvBlock(4, kernel=3, residual="dense", separable=False)
    block: Any = ResidualConvBlock([4, 4], row, activation="identity").eval()
    torch.nn.init.zeros_(block.units[0].conv.weight)
    for shortcut in block.shortcuts:
        torch.nn.init.dirac_(shortcut.conv.weight)
    first, second = torch.randn(1, 4, 1, 5), torch.randn(1, 4, 1, 5)
    out, _ = block([first, second], axis(5))
    torch.testing.assert_close(out, (first + second) / 1.001**0.5)


@pytest.mark.parametrize(("where", "total"), [("last", 2), ("every", 8)])
def test_convolutions_stride_where_they_are_told(where, total):
    row = ConvBlock(6, kernel=3, repeat=3, stride=2, stride_at=where)
    block = ResidualConvBlock([4], row, activation="silu")
    out, after = block([torch.randn(2, 4, 1, 17)], axis(17, 9))
    assert row.total_stride == total
    assert out.shape == (2, 6, 1, -(-17 // total))
    assert after.lengths.tolist() == [-(-17 // total), -(-9 // total)]


def test_groups_are_shuffled_so_that_the_next_convolution_hears_all():
    row = ConvBlock(4, kernel=1, groups=2, separable=False, residual=False)
    block: Any = ResidualConvBlock([4], row, activation="identity").eval()
    torch.nn.init.dirac_(block.units[0].conv.weight, groups=2)
    frames = torch.arange(4.0).reshape(1, 4, 1, 1)
    out, _ = block([frames], axis(1))
    torch.testing.assert_close(out.flatten() * 1.001**0.5, torch.tensor([0.0, 2.0, 1.0, 3.0]))


def test_the_greater_of_block_and_input_may_be_taken():
    row = ConvBlock(4, kernel=3, residual="max")
    added = ConvBlock(4, kernel=3)
    greater = ResidualConvBlock([4], row, activation="identity").eval()
    total = ResidualConvBlock([4], added, activation="identity").eval()
    total.load_state_dict(greater.state_dict())
    frames, whole = torch.randn(1, 4, 1, 5), axis(5)
    shortcut = greater.shortcuts[0](frames, whole)
    rest = total([frames], whole)[0] - shortcut
    torch.testing.assert_close(greater([frames], whole)[0], torch.maximum(rest, shortcut))


def test_what_comes_out_is_zero_in_the_padding():
    row = ConvBlock(6, kernel=5, repeat=2, excite=Excite(reduction=2))
    block = ResidualConvBlock([4], row, activation="gelu")
    inputs = axis(9, 4)
    for training in (True, False):
        out, after = block.train(training)([torch.randn(2, 4, 1, 9) * inputs.mask], inputs)
        assert not (out * ~after.mask).any()


def test_dropout_is_drawn_in_training_only():
    block = ResidualConvBlock([4], ConvBlock(64, kernel=1, dropout=0.5), activation="gelu")
    frames = [torch.randn(1, 4, 1, 5)]
    assert not torch.equal(block(frames, axis(5))[0], block(frames, axis(5))[0])
    block.eval()
    assert torch.equal(block(frames, axis(5))[0], block(frames, axis(5))[0])


@pytest.mark.parametrize("activation", ["relu", "silu", "gelu", "selu", "hardtanh", "identity"])
def test_an_input_is_left_as_it_was(activation):
    block = ResidualConvBlock([4], ConvBlock(4, kernel=3, repeat=2), activation=activation)
    frames = torch.randn(1, 4, 1, 5)
    before = frames.clone()
    with torch.no_grad():
        block.eval()([frames], axis(5))
    assert torch.equal(frames, before)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`kernel` must be odd, not 4$"):
        ConvBlock(8, kernel=4)
    for name in ("filters", "kernel", "repeat", "stride", "dilation", "groups"):
        given: dict[str, Any] = {"filters": 8, "kernel": 3, name: 0}
        with pytest.raises(ValueError, match=rf"^`{name}` must be at least 1, not 0$"):
            ConvBlock(**given)
    told = r"^`dropout` must be at least 0 and below 1, not 1.0$"
    with pytest.raises(ValueError, match=told):
        ConvBlock(8, kernel=3, dropout=1.0)
    with pytest.raises(ValueError, match=r"^`ahead` must be 0 to 2, the kernel less one, not -1$"):
        ConvBlock(8, kernel=3, ahead=-1)
    with pytest.raises(ValueError, match=r"^`stride` must be 1 in a dense block, not 2$"):
        ConvBlock(8, kernel=3, residual="dense", stride=2)


@pytest.mark.parametrize(
    ("kernel", "dilation", "said"),
    [
        (29, 999999, "`dilation` 999999: taps would lie 27,999,972 frames apart, at most 100,000"),
        (200001, 1, "`kernel` 200001: taps would lie 200,000 frames apart, at most 100,000"),
    ],
)
def test_taps_that_reach_beyond_any_recording_are_refused(kernel, dilation, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        ConvBlock(8, kernel=kernel, dilation=dilation)
