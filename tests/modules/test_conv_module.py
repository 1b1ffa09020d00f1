"""The convolution part hears nothing from the padding."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from phonograph.modules.conv_module import ConvModule
from phonograph.modules.masks import valid_mask


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_an_utterance_gives_the_same_alone_and_padded(norm):
    module = ConvModule(6, kernel=5, norm=norm).eval()
    x = torch.randn(2, 9, 6)
    together = module(x, valid_mask(torch.tensor([9, 4]), 9))
    alone = module(x[1:, :4], torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(together[1:, :4], alone)


def test_batch_norm_is_over_batch_and_time():
    module = ConvModule(4, kernel=3, norm="batch")
    x = torch.randn(2, 7, 4)
    gated = functional.glu(module.pointwise1(x))
    weight, bias = module.depthwise.weight, module.depthwise.bias
    filtered = functional.conv1d(gated.transpose(1, 2), weight, bias, padding=1, groups=4)
    normed = nn.BatchNorm1d(4)(filtered).transpose(1, 2)
    expected = module.pointwise2(functional.silu(normed))
    torch.testing.assert_close(module(x, torch.ones(2, 7, dtype=torch.bool)), expected)


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match=r"^`kernel` must be odd, not 4$"):
        ConvModule(4, kernel=4)
