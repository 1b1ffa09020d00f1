"""One layer of a Conformer, and what may be set about it."""

import re

import pytest
import torch

from phonograph.modules.attention import Sight
from phonograph.modules.conformer_block import BlockSettings, ConformerBlock
from phonograph.modules.masks import valid_mask
from phonograph.modules.positions import distance_codes


def run(block, x, mask):
    return block(x, mask, Sight(mask, distance_codes(x.shape[1], x.shape[1], 0, x)))


@pytest.mark.parametrize("positions", ["relative", "none"])
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_an_utterance_gives_the_same_alone_and_padded(positions, norm):
    block = ConformerBlock(8, BlockSettings(heads=2, kernel=3, positions=positions, norm=norm))
    block.eval()
    x = torch.randn(2, 9, 8)
    together = run(block, x, valid_mask(torch.tensor([9, 5]), 9))
    single = x[1:, :5]
    alone = run(block, single, torch.ones(1, 5, dtype=torch.bool))
    torch.testing.assert_close(together[1:, :5], alone, rtol=1e-4, atol=1e-5)


def test_parameters_have_the_names_that_checkpoints_use():
    settings = BlockSettings(heads=2, kernel=3)
    names = set(ConformerBlock(8, settings).state_dict())
    parts = {name.rpartition(".")[0] for name in names}
    assert parts == {
        "feed_forward1_norm",
        "feed_forward1.linear1",
        "feed_forward1.linear2",
        "attention_norm",
        "attention.query",
        "attention.key",
        "attention.value",
        "attention.out",
        "attention.position",
        "attention",
        "conv_norm",
        "conv.pointwise1",
        "conv.depthwise",
        "conv.norm",
        "conv.pointwise2",
        "feed_forward2_norm",
        "feed_forward2.linear1",
        "feed_forward2.linear2",
        "norm",
    }


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"heads": 0}, "`heads` must be at least 1, not 0"),
        ({"expansion": -1}, "`expansion` must be at least 1, not -1"),
        ({"kernel": 4}, "`kernel` must be odd, not 4"),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1, not 1.0"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        BlockSettings(**settings)
