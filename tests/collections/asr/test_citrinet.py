"""Citrinet is the published one."""

import pytest
import torch

from phonograph.collections.asr.citrinet import Citrinet, citrinet_blocks
from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.collections.asr.ctc_head import CtcHead


# Counted by NeMo 3.0.0 for its own construction of these sizes; the paper says 9.8, 21.0, 36.5 and
# 142 million with fewer pieces.
@pytest.mark.parametrize(
    ("width", "counted"),
    [(256, 10_259_729), (384, 21_472_529), (512, 36_994_321), (1024, 142_171_409)],
)
def test_with_a_head_for_1024_pieces_it_has_as_many_weights_as_nemo_counts(width, counted) -> None:
    with torch.device("meta"):
        parts = (Citrinet(80, width=width), CtcHead(640, vocab=1024))
    assert sum(weight.numel() for part in parts for weight in part.parameters()) == counted


def test_smaller_kernels_have_as_many_weights_as_nemo_counts() -> None:
    with torch.device("meta"):
        parts = (Citrinet(80, width=1024, gamma=0.25, d_model=1024), CtcHead(1024, vocab=1024))
    assert sum(weight.numel() for part in parts for weight in part.parameters()) == 141_224_337


def test_the_port_says_what_the_table_gives() -> None:
    blocks = citrinet_blocks(16, 5, gamma=1.0, d_model=24, dropout=0.0)
    assert ConvEncoder.derived(blocks) == {"stride": 8, "width": 24}
    assert ConvEncoder.look_ahead(blocks) == Citrinet.look_ahead()


def test_padding_is_not_heard() -> None:
    encoder = Citrinet(8, width=16, repeat=1, gamma=0.25, d_model=8).eval()
    features, lengths = torch.randn(2, 8, 90), torch.tensor([90, 41])
    batch, counts = encoder(features, lengths)
    alone, _ = encoder(features[1:, :, :41], lengths[1:])
    assert counts.tolist() == [12, 6]
    torch.testing.assert_close(batch[1:, :, :6], alone)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`gamma` must be above 0, not 0.0$"):
        Citrinet(80, gamma=0.0)
    with pytest.raises(ValueError, match=r"^`reduction` must be at most 4, the channels, not 8$"):
        Citrinet(80, width=4)
