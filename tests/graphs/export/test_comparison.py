import math

import pytest
import torch

from phonograph.graphs.export.comparison import Comparison, Difference, compare
from phonograph.graphs.export.exported_view import ExportedView, exported_view
from phonograph.graphs.export.stream_comparison import _distance


@pytest.fixture
def view(small) -> ExportedView:
    return exported_view(small, "infer")


def changed(view: ExportedView, change) -> Comparison:
    """Compare the view with itself, its results changed."""

    def run(given):
        with torch.no_grad():
            results = view.module(*given.values())
        change(results)
        return results

    return compare(view, run)


def test_the_same_agrees(view):
    found = changed(view, lambda results: None)
    assert found.wrong == []
    assert found.unsteady == 0.0
    assert [one.largest for one in found.differences] == [{"log_probs": 0.0, "lengths": 0.0}] * 4


@pytest.mark.parametrize("far", [2e-4, math.nan, math.inf, -math.inf])
def test_one_wrong_value_is_found(view, far):
    def change(results):
        results["log_probs"][-1, 3, 1] += far

    found = changed(view, change)
    assert len(found.wrong) == 4
    assert found.unsteady < 1e-5


def test_what_stands_in_the_padding_is_not_compared(view):
    def change(results):
        for row, frames in enumerate(results["lengths"].tolist()):
            results["log_probs"][row, frames:] = math.nan

    assert changed(view, change).wrong == []


def test_wrong_lengths_are_found(view):
    def change(results):
        results["lengths"] = results["lengths"] + 1

    found = changed(view, change)
    assert [one.largest["lengths"] for one in found.wrong] == [math.inf] * 4


def test_another_size_is_found(view):
    def change(results):
        results["log_probs"] = results["log_probs"][:, :-1]

    assert len(changed(view, change).wrong) == 4


class TestAViewThatIsUnsteady:
    """Whether a last digit is odd decides about half a thousandth of its scores."""

    @pytest.fixture
    def unsteady(self, small) -> ExportedView:
        steady = small.module.head.forward

        def forward(encoded):
            odd = (encoded[:, :1].transpose(1, 2) * 2**24).round().remainder(2)
            return steady(encoded) + 5e-4 * odd

        small.module.head.forward = forward
        return exported_view(small, "infer")

    def test_may_differ_by_what_it_moves_itself(self, unsteady):
        def change(results):
            results["log_probs"][-1, 3, 1] += 5e-4

        found = changed(unsteady, change)
        assert found.wrong == []
        assert 4e-4 < found.unsteady < 6e-4
        assert found.tolerance == 1e-4 + 2 * found.unsteady

    def test_may_not_differ_by_more(self, unsteady):
        def change(results):
            results["log_probs"][-1, 3, 1] += 2e-3

        assert len(changed(unsteady, change).wrong) == 4


def test_a_view_that_moves_far_is_not_given_more(view):
    assert Comparison((), unsteady=0.5).tolerance == 1e-4


def test_as_plain_data_what_is_no_number_is_nothing():
    one = Difference((1.0, 0.5), {"log_probs": math.inf, "lengths": 0.0}, math.nan)
    told = Comparison((one,), 0.0).to_json()
    assert told["batches"] == [
        {"seconds": [1.0, 0.5], "differences": {"log_probs": None, "lengths": 0.0}}
    ]


@pytest.mark.parametrize("frames", [3, 5])
def test_a_stream_of_another_length_is_as_far_off_as_can_be(frames):
    assert _distance(torch.zeros(2, frames), torch.zeros(2, 4)) == (math.inf, math.inf)
