"""Features come to one scale by what is valid of them, whatever lies beyond."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.feature_scale import FixedScale, standardized, standardized_together
from phonograph.modules.masks import valid_mask

LENGTHS = st.lists(st.integers(2, 30), min_size=1, max_size=4)


def drawn(lengths):
    features = 3 + 2 * torch.randn(len(lengths), 5, 30)
    valid = valid_mask(torch.tensor(lengths), 30).unsqueeze(1)
    return features.masked_fill(~valid, float("nan")), valid


@given(LENGTHS)
def test_each_row_gets_mean_zero_and_deviation_one(lengths):
    scaled = standardized(*drawn(lengths))
    for row, length in zip(scaled, lengths, strict=True):
        torch.testing.assert_close(row[:, :length].mean(1), torch.zeros(5), atol=1e-4, rtol=0)
        torch.testing.assert_close(row[:, :length].std(1), torch.ones(5), atol=1e-2, rtol=0)


@given(LENGTHS)
def test_all_rows_together_get_mean_zero_and_deviation_one(lengths):
    scaled = standardized_together(*drawn(lengths))
    for row, length in zip(scaled, lengths, strict=True):
        assert float(row[:, :length].mean()) == pytest.approx(0, abs=1e-4)
        assert float(row[:, :length].std()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("scale", [standardized, standardized_together])
def test_nothing_valid_and_a_single_value_become_zero(scale):
    valid = valid_mask(torch.tensor([0, 1]), 3).unsqueeze(1)
    assert not scale(torch.randn(2, 1, 3), valid).any()


def test_fixed_statistics_are_columns():
    mean, deviation = FixedScale((1.0, 2.0), (3.0, 4.0)).tensors()
    assert mean.tolist() == [[1.0], [2.0]]
    assert deviation.tolist() == [[3.0], [4.0]]


@pytest.mark.parametrize(
    ("mean", "deviation", "told"),
    [
        ((1.0,), (), "`deviation` must have as many numbers as `mean`, 1, not 0"),
        ((1.0,), (0.0,), "`deviation` must be above 0 for every feature"),
        ((1.0,), (float("nan"),), "`deviation` must be above 0 for every feature"),
    ],
)
def test_statistics_that_cannot_be_are_refused(mean, deviation, told):
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        FixedScale(mean, deviation)
