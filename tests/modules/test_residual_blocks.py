"""Blocks of one's choice with a way around each."""

import re

import pytest
import torch

from phonograph.collections.asr.conformer import Conformer
from phonograph.collections.asr.ctc_head import CtcHead
from phonograph.collections.asr.recurrent import Recurrent
from phonograph.collections.asr.row_conv import RowConv
from phonograph.collections.asr.spec_augment import SpecAugment
from phonograph.modules.residual_blocks import ResidualBlocks

LENGTHS = torch.tensor([9, 4])


def test_a_block_that_gives_nothing_leaves_the_frames_as_they_are():
    blocks = ResidualBlocks(4, block=RowConv(4, ahead=2), repeat=2)
    for weight in blocks.parameters():
        torch.nn.init.zeros_(weight)
    x = torch.randn(2, 4, 9)
    x[1, :, 4:] = 0
    torch.testing.assert_close(blocks(x, LENGTHS), x)


def test_every_repetition_has_weights_of_its_own():
    blocks = ResidualBlocks(4, block=Recurrent(4, d_model=4), repeat=3)
    first, second, third = (torch.cat([w.flatten() for w in b.parameters()]) for b in blocks.blocks)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_one_repetition_is_the_sum_of_the_frames_and_the_scaled_branch():
    block = RowConv(4, ahead=2)
    x = torch.randn(2, 4, 9)
    x[1, :, 4:] = 0
    expected = x + 0.5 * block(x, LENGTHS)
    torch.testing.assert_close(ResidualBlocks(4, block=block, scale=0.5)(x, LENGTHS), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"block": RowConv(4), "repeat": 0}, "`repeat` must be at least 1, not 0"),
        ({"block": RowConv(4), "scale": 0.0}, "`scale` must be finite and not 0, not 0.0"),
        (
            {"block": Recurrent(4, d_model=6)},
            "`block` gives frames of [1, 6, 16] for frames of [1, 4, 16]: "
            "it must keep their width and length",
        ),
        (
            {"block": CtcHead(4, 3)},
            "`block` must take frames and give frames; asr.ctc_head does not",
        ),
    ],
)
def test_a_block_that_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ResidualBlocks(4, **arguments)


def test_a_block_that_shortens_time_is_refused():
    with pytest.raises(ValueError, match="it must keep their width and length"):
        ResidualBlocks(8, block=Conformer(8, d_model=8, layers=1))


def test_a_block_without_lengths_is_called_with_frames_only():
    assert ResidualBlocks(4, block=SpecAugment()).eval()(torch.zeros(2, 4, 9), LENGTHS).shape
