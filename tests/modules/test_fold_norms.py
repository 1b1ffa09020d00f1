"""A model without its batch norms gives what it gave with them."""

import pytest
import torch
from torch import nn

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.modules.conv_block import ConvBlock
from phonograph.modules.fold_norms import fold_batch_norms
from phonograph.modules.frame_norm import FrameNorm
from phonograph.modules.squeeze_excite import Excite

BLOCKS = [
    ConvBlock(8, kernel=5, stride=2, repeat=2, excite=Excite(reduction=2)),
    ConvBlock(8, kernel=3, groups=2, dilation=2, residual="dense"),
    ConvBlock(6, kernel=3, separable=False, residual="dense", ahead=0),
]


def settled(encoder: ConvEncoder) -> ConvEncoder:
    for name, value in encoder.state_dict().items():
        if "norm" in name and value.is_floating_point():
            value.copy_(torch.rand_like(value) + 0.5)
    return encoder.eval()


def test_results_stay_the_same():
    encoder = settled(ConvEncoder(4, BLOCKS, activation="silu"))
    features, lengths = torch.randn(3, 4, 40), torch.tensor([40, 31, 7])
    with torch.no_grad():
        before, _ = encoder(features, lengths)
        assert fold_batch_norms(encoder) == 8
        after, _ = encoder(features, lengths)
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-4)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in encoder.modules())


def test_norms_of_single_utterances_stay():
    encoder = ConvEncoder(4, BLOCKS, norm=FrameNorm("layer")).eval()
    names = list(encoder.state_dict())
    assert fold_batch_norms(encoder) == 0
    assert list(encoder.state_dict()) == names


def test_in_training_nothing_is_folded():
    told = r"^batch norms are folded in evaluation mode only: call `eval\(\)` first$"
    with pytest.raises(ValueError, match=told):
        fold_batch_norms(ConvEncoder(4, BLOCKS))
