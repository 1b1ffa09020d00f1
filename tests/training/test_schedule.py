"""The learning rate over a training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.schedule import Schedule

names = st.sampled_from(["constant", "linear", "cosine"])
shares = st.floats(0, 1)


@given(names, st.integers(0, 50), shares, st.integers(0, 200), shares)
def test_the_rate_never_grows_beyond_what_is_written(name, warmup, final, step, progress):
    factor = Schedule(name=name, warmup_steps=warmup, final=final).factor(step, progress)
    assert 0 <= factor <= 1 + 1e-12


@given(names, shares, shares, shares)
def test_after_the_warm_up_the_rate_only_falls(name, final, earlier, later):
    schedule = Schedule(name=name, final=final)
    earlier, later = sorted((earlier, later))
    assert schedule.factor(9, earlier) >= schedule.factor(9, later) - 1e-12


@pytest.mark.parametrize(("name", "end"), [("constant", 1.0), ("linear", 0.1), ("cosine", 0.1)])
def test_the_rate_ends_at_its_final_share(name, end):
    schedule = Schedule(name=name, final=0.1)
    assert schedule.factor(0, 0.0) == pytest.approx(1.0)
    assert schedule.factor(100, 1.0) == pytest.approx(end)


def test_the_warm_up_is_a_straight_line_and_its_first_step_moves():
    schedule = Schedule(warmup_steps=4)
    assert [schedule.factor(step, 0.0) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("wrong", [{"warmup_steps": -1}, {"final": -0.1}, {"final": 1.5}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Schedule(**wrong)
