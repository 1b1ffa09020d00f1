"""The pyramid halves frames by reading two as one."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.pyramid import Pyramid, in_pairs
from phonograph.modules.recurrent_stack import Recurrence


@given(st.lists(st.integers(1, 20), min_size=1, max_size=3), st.integers(1, 3))
def test_an_utterance_gives_the_same_alone_and_in_a_batch(lengths, layers):
    pyramid = Pyramid(3, d_model=4, layers=layers).eval()
    frames = torch.randn(len(lengths), 3, max(lengths) + 3)
    batch, left = pyramid(frames, torch.tensor(lengths))
    assert left.tolist() == [-(-length // 2**layers) for length in lengths]
    for row, length in enumerate(lengths):
        alone, _ = pyramid(frames[row : row + 1, :, :length], torch.tensor([length]))
        torch.testing.assert_close(batch[row, :, : left[row]], alone[0])
        assert not batch[row, :, left[row] :].any()


def test_a_pair_is_two_neighbours_side_by_side():
    frames = torch.arange(1.0, 9).reshape(4, 1, 2)
    assert in_pairs(frames, torch.tensor([4])).tolist() == [[[1, 2, 3, 4]], [[5, 6, 7, 8]]]
    assert in_pairs(frames, torch.tensor([3]))[1].tolist() == [[5, 6, 0, 0]]


def test_one_direction_hears_the_rest_of_its_group_only():
    assert Pyramid.look_ahead(3, Recurrence(bidirectional=False)) == 7


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`layers` must be at least 1, not 0$"):
        Pyramid(3, layers=0)
