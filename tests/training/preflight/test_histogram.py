"""Histograms."""

import re

from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.preflight.histogram import Chart, histogram


@given(st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=50))
def test_every_value_is_in_a_bar(values):
    drawn = histogram(Chart("seconds", {"train": values, "test": []}))
    counts = [int(one.replace(",", "")) for one in re.findall(r": ([\d,]+)</title>", drawn)]
    assert sum(counts) == len(values)


def test_a_mark_is_drawn_where_it_is_within_the_values():
    chart = {"train": [1.0, 10.0]}
    assert "a batch" in histogram(Chart("s", chart, (5.0, "a batch")))
    assert "a batch" not in histogram(Chart("s", chart, (50.0, "a batch")))
