"""Scores by distance become scores by key."""

import math

import pytest
import torch

from phonograph.modules.relative_positions import relative_sinusoids, shift


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_each_key_gets_the_score_of_its_distance(size):
    scores = torch.randn(2, 3, size, 2 * size - 1)
    shifted = shift(scores)
    assert shifted.shape == (2, 3, size, size)
    for query in range(size):
        for key in range(size):
            row = size - 1 - (query - key)  # rows fall from distance size-1
            assert torch.equal(shifted[..., query, key], scores[..., query, row])


def test_rows_of_the_table_code_falling_distances():
    table = relative_sinusoids(torch.zeros(1, 3, 4))
    assert table.shape == (5, 4)
    for row, distance in enumerate([2, 1, 0, -1, -2]):
        slow = distance / 100.0  # 10000 ** (2 / 4)
        expected = [math.sin(distance), math.cos(distance), math.sin(slow), math.cos(slow)]
        torch.testing.assert_close(table[row], torch.tensor(expected))


def test_a_longer_table_holds_the_shorter_one_in_its_middle():
    long, short = (relative_sinusoids(torch.zeros(1, size, 8)) for size in (9, 4))
    torch.testing.assert_close(long[5:-5], short)
