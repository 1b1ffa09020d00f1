"""Statistics over a whole set are those of its valid frames, put together."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.feature_statistics import FeatureStatistics


@given(st.lists(st.lists(st.integers(1, 20), min_size=1, max_size=3), min_size=1, max_size=4))
def test_batches_give_the_statistics_of_all_frames_and_padding_none(batches):
    statistics, frames = FeatureStatistics(), [torch.zeros(3, 1)]
    statistics.add(torch.zeros(1, 3, 1), torch.tensor([1]))
    for lengths in batches:
        features = 100 + 5 * torch.randn(len(lengths), 3, 20)
        for row, length in enumerate(lengths):
            frames.append(features[row, :, :length].clone())
            features[row, :, length:] = float("nan")
        statistics.add(features, torch.tensor(lengths))
    together = torch.cat(frames, 1).double()
    mean, deviation = statistics.scale().tensors()
    assert statistics.frames == together.shape[1]
    torch.testing.assert_close(mean[:, 0].double(), together.mean(1), rtol=1e-4, atol=0)
    torch.testing.assert_close(deviation[:, 0].double(), together.std(1), rtol=1e-4, atol=0)


def test_a_feature_that_never_changes_can_still_be_divided_by():
    statistics = FeatureStatistics()
    statistics.add(torch.full((1, 1, 9), 0.1), torch.tensor([9]))
    assert statistics.scale().deviation == (1e-5,)


def test_one_frame_has_no_deviation():
    statistics = FeatureStatistics()
    statistics.add(torch.ones(1, 2, 1), torch.tensor([1]))
    with pytest.raises(ValueError, match=r"^statistics need two frames at least, not 1$"):
        statistics.scale()
