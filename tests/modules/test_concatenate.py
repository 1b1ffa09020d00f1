from __future__ import annotations

import torch

from phonograph.modules.concatenate import Concatenate


def test_branches_of_any_widths_can_be_taken_apart_again():
    branches = [torch.randn(2, width, 7) for width in (3, 1, 5)]
    parts = Concatenate()(branches).split([3, 1, 5], dim=1)
    for part, branch in zip(parts, branches, strict=True):
        torch.testing.assert_close(part, branch)


def test_padding_that_only_one_branch_has_is_cut_off():
    longer, shorter = torch.randn(2, 3, 9), torch.randn(2, 2, 7)
    assert Concatenate()([longer, shorter]).shape == (2, 5, 7)
