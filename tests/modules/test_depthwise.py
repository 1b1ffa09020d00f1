"""The quick depthwise convolution is the ordinary one."""

import pytest
import torch
from torch import nn

from phonograph.modules.depthwise import DepthwiseConv1d


@pytest.mark.parametrize("kernel", [1, 3, 8])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_it_gives_what_torch_gives_from_the_same_weights(kernel, stride, dilation, bias):
    quick = DepthwiseConv1d(5, kernel, stride=stride, padding=2, dilation=dilation, bias=bias)
    plain = nn.Conv1d(
        5, 5, kernel, stride=stride, padding=2, dilation=dilation, groups=5, bias=bias
    )
    plain.load_state_dict(quick.state_dict())
    x = torch.randn(3, 5, 17)
    torch.testing.assert_close(quick(x), plain(x))


def test_the_layout_in_memory_does_not_matter():
    conv = DepthwiseConv1d(4, 3, padding=1)
    x = torch.randn(2, 9, 4)
    torch.testing.assert_close(conv(x.transpose(1, 2)), conv(x.transpose(1, 2).contiguous()))
