"""When training ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.budget import Budget, read_budget

TOO_LONG = "99999999999:00:00:00"

limits = st.none() | st.integers(1, 1000)


@given(limits, limits, limits, st.integers(0, 2000), st.floats(0, 2000), st.floats(0, 2000))
def test_progress_is_that_of_the_limit_met_first(steps, epochs, seconds, step, epoch, second):
    budget = Budget(steps, epochs, seconds)
    progress = budget.progress(steps=step, epochs=epoch, seconds=second)
    shares = [u / m for u, m in [(step, steps), (epoch, epochs), (second, seconds)] if m]
    assert progress == min(1.0, max(shares, default=0.0))
    assert budget.is_open == (not shares)


def test_a_limit_below_zero_is_none():
    assert read_budget({"max_steps": -1, "max_epochs": -1}).is_open
    assert read_budget({}).is_open
    assert read_budget({"max_steps": 5, "max_epochs": 2}) == Budget(5, 2)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("00:00:02:30", 150), ("01:00:00:01", 86401), ({"minutes": 2, "seconds": 1.5}, 121.5)],
)
def test_times_are_read_as_the_trainer_reads_them(written, seconds):
    assert read_budget({"max_time": written}).seconds == seconds


@pytest.mark.parametrize(
    "written",
    [
        "2:30",
        "",
        "00:00:00:00",
        "00:00:2:30",
        {"minute": 2},
        {"minutes": "2"},
        TOO_LONG,
        {"days": 10**12},
    ],
)
def test_a_time_that_cannot_be_read_is_refused(written):
    with pytest.raises(ValueError, match="wants"):
        read_budget({"max_time": written})
