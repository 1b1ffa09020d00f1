from __future__ import annotations

import re

import pytest
import torch

from phonograph.modules.residual import Residual


def test_a_branch_that_gives_nothing_leaves_the_input_as_it_is():
    skip = torch.randn(2, 3, 7)
    torch.testing.assert_close(Residual()(skip, torch.zeros_like(skip)), skip)


@pytest.mark.parametrize("scale", [1.0, 0.5, -2.0])
def test_the_scale_is_of_the_branch(scale):
    skip, branch = torch.randn(2, 3, 7), torch.randn(2, 3, 7)
    torch.testing.assert_close(Residual(scale=scale)(skip, branch), skip + scale * branch)


@pytest.mark.parametrize("scale", [0.0, float("inf"), float("nan")])
def test_a_scale_that_makes_no_sense_is_refused(scale):
    message = f"`scale` must be finite and not 0, not {scale}"
    with pytest.raises(ValueError, match=re.escape(message)):
        Residual(scale=scale)
