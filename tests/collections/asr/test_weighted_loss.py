from __future__ import annotations

import pytest
import torch

from phonograph.collections.asr.weighted_loss import WeightedLoss


@pytest.mark.parametrize(("weight", "expected"), [(0.0, 2.0), (0.25, 3.0), (1.0, 6.0)])
def test_the_weight_is_the_share_of_the_second(weight, expected):
    loss = WeightedLoss(weight=weight)(torch.tensor(2.0), torch.tensor(6.0))
    assert loss.item() == expected


def test_both_losses_get_their_share_of_the_gradient():
    parts = torch.tensor([2.0, 6.0], requires_grad=True)
    loss = WeightedLoss(weight=0.3)(*parts)
    (slopes,) = torch.autograd.grad(loss, parts)
    assert slopes.tolist() == pytest.approx([0.7, 0.3])


def test_a_weight_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"^`weight` must be from 0 to 1, not 1\.5$"):
        WeightedLoss(weight=1.5)
