import math

import pytest
import torch

from phonograph.graphs.export.comparison import compare
from phonograph.graphs.export.exported_view import ExportedView, exported_view


@pytest.fixture
def view(small) -> ExportedView:
    return exported_view(small, "infer")


def comparisons(view: ExportedView, change):
    """Compare the view with itself, its results changed."""

    def run(given):
        results = view.module(*given.values())
        change(results)
        return results

    with torch.no_grad():
        return compare(view, run)


def test_the_same_agrees(view):
    found = comparisons(view, lambda results: None)
    assert all(one.agrees for one in found)
    assert [one.differences for one in found] == [{"log_probs": 0.0, "lengths": 0.0}] * 4


@pytest.mark.parametrize("far", [2e-4, math.nan, math.inf])
def test_one_wrong_value_is_found(view, far):
    def change(results):
        results["log_probs"][-1, 3, 1] += far

    assert not any(one.agrees for one in comparisons(view, change))


def test_what_stands_in_the_padding_is_not_compared(view):
    def change(results):
        for row, frames in enumerate(results["lengths"].tolist()):
            results["log_probs"][row, frames:] = math.nan

    assert all(one.agrees for one in comparisons(view, change))


def test_wrong_lengths_are_found(view):
    def change(results):
        results["lengths"] = results["lengths"] + 1

    found = comparisons(view, change)
    assert [one.differences["lengths"] for one in found] == [math.inf] * 4


def test_another_size_is_found(view):
    def change(results):
        results["log_probs"] = results["log_probs"][:, :-1]

    assert not any(one.agrees for one in comparisons(view, change))
