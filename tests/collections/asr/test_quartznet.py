"""QuartzNet is the published one."""

import pytest
import torch

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.collections.asr.ctc_head import CtcHead
from phonograph.collections.asr.quartznet import QuartzNet, quartznet_blocks
from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import parse_axes


@pytest.mark.parametrize(
    ("blocks", "published"), [(5, 6_713_181), (10, 12_818_781), (15, 18_924_381)]
)
def test_with_its_head_it_has_the_published_number_of_weights(blocks, published):
    with torch.device("meta"):
        parts = (QuartzNet(64, blocks=blocks, repeat=5), CtcHead(1024, vocab=28))
    assert sum(weight.numel() for part in parts for weight in part.parameters()) == published


@pytest.mark.parametrize("blocks", [5, 10, 15])
def test_the_port_says_what_the_table_gives(blocks):
    derived = ConvEncoder.derived(quartznet_blocks(blocks, 5))
    declared = parse_axes(declaration_of(QuartzNet).ports.outputs["encoded"].axes)
    assert [str(term) for term in declared[1:]] == [
        str(derived["width"]),
        f"ceil(T/{derived['stride']})",
    ]


def test_it_looks_ahead_half_of_every_kernel():
    # 16 at the frame rate of the features, the rest at half of it.
    groups = 16 + 19 + 25 + 31 + 37
    assert QuartzNet.look_ahead(15, 5) == 16 + 2 * (3 * 5 * groups + 2 * 43)


def test_padding_is_not_heard():
    encoder = QuartzNet(8, blocks=5, repeat=1).eval()
    features, lengths = torch.randn(2, 8, 90), torch.tensor([90, 41])
    batch, counts = encoder(features, lengths)
    alone, _ = encoder(features[1:, :, :41], lengths[1:])
    assert counts.tolist() == [45, 21]
    torch.testing.assert_close(batch[1:, :, :21], alone)


def test_another_number_of_blocks_is_refused():
    with pytest.raises(ValueError, match=r"^`blocks` must be 5, 10 or 15, not 7$"):
        QuartzNet(64, blocks=7)  # type: ignore[arg-type]
