"""The learning rate over a training."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.schedule import Schedule

names = st.sampled_from(["constant", "linear", "cosine", "polynomial"])
shares = st.floats(0, 1)
rates = st.floats(1e-6, 10)
widths = st.integers(1, 1024)


@given(names, st.integers(0, 50), shares, rates, st.integers(0, 200), shares)
def test_the_rate_never_grows_beyond_what_is_written(name, warmup, final, lr, step, progress):
    rate = Schedule(name=name, warmup_steps=warmup, final=final).rate(lr, step, progress)
    assert 0 <= rate <= lr * (1 + 1e-12)


@given(names, shares, shares, shares)
def test_after_the_warm_up_the_rate_only_falls(name, final, earlier, later):
    schedule = Schedule(name=name, final=final)
    earlier, later = sorted((earlier, later))
    assert schedule.rate(1.0, 9, earlier) >= schedule.rate(1.0, 9, later) - 1e-12


@given(names, rates, shares, shares)
def test_the_rate_never_falls_below_its_floor(name, lr, share, progress):
    schedule = Schedule(name=name, min_lr=share * lr)
    assert schedule.rate(lr, 5, progress) >= share * lr * (1 - 1e-12)


@pytest.mark.parametrize(
    ("name", "end"), [("constant", 1.0), ("linear", 0.1), ("cosine", 0.1), ("polynomial", 0.1)]
)
def test_the_rate_ends_at_its_final_share(name, end):
    schedule = Schedule(name=name, final=0.1)
    assert schedule.rate(1.0, 0, 0.0) == pytest.approx(1.0)
    assert schedule.rate(1.0, 100, 1.0) == pytest.approx(end)
    assert Schedule(name=name, min_lr=0.2).rate(2.0, 100, 1.0) == pytest.approx(
        2.0 if name == "constant" else 0.2
    )


def test_the_warm_up_is_a_straight_line_and_its_first_step_moves():
    schedule = Schedule(warmup_steps=4)
    assert [schedule.rate(2.0, step, 0.0) for step in range(6)] == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


def test_a_warm_up_over_a_share_of_the_budget_is_a_straight_line():
    schedule = Schedule(warmup_ratio=0.5)
    assert [schedule.rate(1.0, 9, tenths / 10) for tenths in (0, 1, 2, 5, 9)] == [
        0.0,
        0.2,
        0.4,
        1.0,
        1.0,
    ]


@given(shares, st.floats(0.1, 4))
def test_a_polynomial_of_the_first_degree_is_a_line(progress, power):
    line, first = Schedule(name="linear"), Schedule(name="polynomial")
    assert line.rate(1.0, 0, progress) == first.rate(1.0, 0, progress)
    shape = Schedule(name="polynomial", power=power)
    assert shape.rate(1.0, 0, progress) == pytest.approx((1 - progress) ** power)


@given(rates, widths, st.integers(1, 1000), st.integers(1, 5000), shares)
def test_noam_is_the_formula_of_the_paper_whatever_the_budget(lr, d_model, warmup, step, progress):
    schedule = Schedule(name="noam", d_model=d_model, warmup_steps=warmup)
    expected = lr * d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
    assert schedule.rate(lr, step - 1, progress) == pytest.approx(expected)
    assert schedule.rate(lr, step - 1, progress) <= schedule.peak(lr) * (1 + 1e-12)


def test_the_floor_of_noam_holds_after_the_warm_up_only():
    schedule = Schedule(name="noam", d_model=1, warmup_steps=100, min_lr=0.05)
    assert schedule.rate(1.0, 0, 0.0) == pytest.approx(0.001)
    assert schedule.rate(1.0, 99, 0.0) == pytest.approx(0.1)
    assert schedule.rate(1.0, 10_000, 0.0) == 0.05


def test_noam_warms_up_to_the_rate_that_nemo_gives_its_small_conformer():
    schedule = Schedule(name="noam", d_model=176, warmup_steps=10_000, min_lr=1e-6)
    assert schedule.peak(5.0) == pytest.approx(5 / math.sqrt(176) / 100)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"warmup_steps": -1}, "`warmup_steps` must be at least 0"),
        ({"min_lr": -1e-3}, "`min_lr` must be at least 0"),
        ({"final": -0.1}, "`final` must be in [0, 1]"),
        ({"final": 1.5}, "`final` must be in [0, 1]"),
        ({"warmup_ratio": 1.5}, "`warmup_ratio` must be in [0, 1]"),
        ({"power": 0.0}, "`power` must be above 0"),
        ({"d_model": 0}, "`d_model` must be at least 1"),
        (
            {"warmup_steps": 1, "warmup_ratio": 0.1},
            "has both `warmup_steps` and `warmup_ratio`: give one of them",
        ),
        ({"name": "noam"}, "`noam` needs `warmup_steps` and `d_model`"),
        ({"name": "noam", "warmup_ratio": 0.1}, "`noam` needs `warmup_steps` and `d_model`"),
    ],
)
def test_numbers_out_of_range_are_refused(wrong, said):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole text is compared
        Schedule(**wrong)
    assert str(raised.value) == said
