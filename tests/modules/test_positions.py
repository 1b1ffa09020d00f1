"""Scores by distance become scores by key."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.positions import by_key, distance_codes, sinusoids, skewed_codes

COUNTS = st.integers(1, 7)


@given(queries=COUNTS, keys=COUNTS)
def test_each_key_gets_the_score_of_its_distance(queries, keys):
    scores = torch.randn(2, 3, queries, queries + keys)
    turned = by_key(scores)
    assert turned.shape == (2, 3, queries, keys)
    for query in range(queries):
        for key in range(keys):
            column = queries - 1 - query + key
            assert torch.equal(turned[..., query, key], scores[..., query, column])


def test_turning_copies_nothing():
    scores = torch.randn(4, 8)
    by_key(scores)[0, 0] = 7.0
    assert scores[0, 3] == 7.0


@given(queries=COUNTS, keys=COUNTS, before=st.integers(-3, 7))
def test_rows_of_the_table_code_falling_distances(queries, keys, before):
    table = distance_codes(queries, keys, before, torch.zeros(4))
    assert table.shape == (queries + keys, 4)
    for query in range(queries):
        for key in range(keys):
            distance = before + query - key
            slow = distance / 100.0  # 10000 ** (2 / 4)
            expected = [math.sin(distance), math.cos(distance), math.sin(slow), math.cos(slow)]
            row = table[queries - 1 - query + key]
            torch.testing.assert_close(row, torch.tensor(expected), rtol=1e-5, atol=1e-6)


def test_codes_are_exact_far_out_in_low_precision():
    positions = torch.arange(3000, 3004)
    table = sinusoids(positions, 2)
    assert table.dtype == torch.float32
    expected = torch.tensor([math.sin(position) for position in positions.tolist()])
    torch.testing.assert_close(table[:, 0], expected, rtol=0, atol=1e-4)
    codes = distance_codes(4, 4, 2996, torch.zeros(1, 2, dtype=torch.bfloat16))
    assert codes.dtype == torch.bfloat16


@pytest.mark.parametrize(("left", "right"), [(4, 4), (0, 3)])
def test_skewed_codes_are_the_plain_ones_where_both_sides_allow_it(left, right):
    queries, before = 3, left
    keys = queries + left + right
    codes = distance_codes(queries, keys, before, torch.zeros(8))
    skewed = skewed_codes(codes, before, queries, (left, right))
    distance = before + queries - 1 - torch.arange(len(codes))
    seen = (distance <= left) & (distance >= -right)
    torch.testing.assert_close(skewed[seen], codes[seen])


def test_skewed_codes_of_the_shorter_side_stand_further_away():
    codes = distance_codes(1, 8, 5, torch.zeros(8))
    skewed = skewed_codes(codes, 5, 1, (5, 2))
    # what is 0, 1 and 2 steps later has no score there, but that of 3, 4 and 5
    expected = sinusoids(torch.tensor([5, 4, 3, 2, 1]), 8)
    torch.testing.assert_close(skewed[:5], expected)
    assert not skewed[5:8].any()
