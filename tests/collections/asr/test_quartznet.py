"""QuartzNet is the published one."""

import pytest
import torch

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.collections.asr.quartznet import QuartzNet, quartznet_blocks
from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import parse_axes


def test_fifteen_by_five_with_its_head_has_the_published_number_of_weights() -> None:
    with torch.device("meta"):
        encoder = QuartzNet(64, blocks=15, repeat=5)
        head = torch.nn.Conv1d(1024, 29, 1)
    count = sum(weight.numel() for part in (encoder, head) for weight in part.parameters())
    assert count == 18_924_381


@pytest.mark.parametrize("blocks", [5, 10, 15])
def test_the_port_says_what_the_table_gives(blocks) -> None:
    derived = ConvEncoder.derived(quartznet_blocks(blocks, 5, 0.0))
    declared = parse_axes(declaration_of(QuartzNet).ports.outputs["encoded"].axes)
    assert [str(term) for term in declared[1:]] == [
        str(derived["width"]),
        f"ceil(T/{derived['stride']})",
    ]


def test_padding_is_not_heard() -> None:
    encoder = QuartzNet(8, blocks=5, repeat=1).eval()
    features, lengths = torch.randn(2, 8, 90), torch.tensor([90, 41])
    batch, counts = encoder(features, lengths)
    alone, _ = encoder(features[1:, :, :41], lengths[1:])
    assert counts.tolist() == [45, 21]
    torch.testing.assert_close(batch[1:, :, :21], alone)


def test_another_number_of_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`blocks` must be 5, 10 or 15, not 7$"):
        QuartzNet(64, blocks=7)  # type: ignore[arg-type]
