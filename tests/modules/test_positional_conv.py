"""The convolution that tells positions is the weight-normed one of the original."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from phonograph.modules.positional_conv import PositionalConv, PositionSettings


@pytest.mark.parametrize("kernel", [1, 4, 5])
def test_it_is_a_centred_convolution_with_the_norm_of_each_tap_apart(kernel):
    ours = PositionalConv(6, PositionSettings(kernel=kernel, groups=3))
    nn.init.normal_(ours.gain)
    nn.init.normal_(ours.bias)
    theirs = nn.Conv1d(6, 6, kernel, padding=kernel // 2, groups=3)
    theirs = weight_norm(theirs, dim=2)
    theirs.parametrizations.weight.original0.data = ours.gain.data[None, None]
    theirs.parametrizations.weight.original1.data = ours.direction.data
    theirs.bias.data = ours.bias.data
    x = torch.randn(2, 6, 9)
    torch.testing.assert_close(ours(x), theirs(x)[..., :9])


def test_groups_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match=r"^`positions.groups`: 4 groups do not divide width 6$"):
        PositionalConv(6, PositionSettings(groups=4))
    with pytest.raises(ValueError, match=r"^`kernel` must be at least 1, not 0$"):
        PositionSettings(kernel=0)
