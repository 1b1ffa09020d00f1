from __future__ import annotations

import pytest
import torch

from phonograph.modules.sum_inputs import SumInputs


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_branches_is_added_in_any_order(count):
    branches = [torch.randn(2, 3, 7) for _ in range(count)]
    expected = torch.stack(branches).sum(0)
    torch.testing.assert_close(SumInputs()(branches), expected)
    torch.testing.assert_close(SumInputs()(branches[::-1]), expected)


def test_padding_that_only_one_branch_has_is_cut_off():
    longer, shorter = torch.randn(2, 3, 9), torch.randn(2, 3, 7)
    torch.testing.assert_close(SumInputs()([longer, shorter]), longer[:, :, :7] + shorter)


def test_the_branches_stay_as_they_are():
    branches = [torch.ones(1, 2, 3), torch.ones(1, 2, 3)]
    SumInputs()(branches)
    assert all(bool((branch == 1).all()) for branch in branches)
