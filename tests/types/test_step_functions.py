"""Lengths as functions: equality is decided as trying every length would."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from phonograph.types.step_functions import same_function, slope_and_period
from phonograph.types.terms import Constant, Name, Operation, Rounding, evaluate, parse_term

positive = st.integers(1, 6).map(Fraction).map(Constant)

time_term = st.recursive(
    st.just(Name("T")),
    lambda inner: st.one_of(
        st.builds(Operation, st.sampled_from("+-*/"), inner, positive),
        st.builds(Operation, st.just("*"), positive, inner),
        st.builds(Operation, st.sampled_from("+-"), inner, inner),
        st.builds(Rounding, st.sampled_from(["floor", "ceil"]), inner),
    ),
    max_leaves=3,
)


@given(time_term, st.integers(0, 50))
def test_a_term_repeats_after_its_period_but_for_its_slope(term, length):
    slope, period = slope_and_period(term)
    later = evaluate(term, {"T": length + period})
    assert later == evaluate(term, {"T": length}) + slope * period


@given(time_term, time_term)
def test_two_terms_are_the_same_function_when_every_length_says_so(first, second):
    lengths = range(200)
    everywhere = all(evaluate(first, {"T": n}) == evaluate(second, {"T": n}) for n in lengths)
    assume(slope_and_period(first)[1] * slope_and_period(second)[1] <= len(lengths))
    assert same_function(first, second) == everywhere


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["floor", "ceil"]))
def test_rounding_twice_the_same_way_is_rounding_once(first, second, way):
    twice = parse_term(f"{way}({way}(T/{first})/{second})")
    assert same_function(twice, parse_term(f"{way}(T/{first * second})"))


def test_a_long_period_is_compared_without_trying_every_length():
    whole = 10**12
    assert same_function(
        parse_term(f"floor(floor(T/1000)/{whole})"), parse_term(f"floor(T/{1000 * whole})")
    )
    assert not same_function(parse_term(f"floor(T/{whole})"), parse_term(f"ceil(T/{whole})"))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("T", "S", False),
        ("4", "4", True),
        ("4", "T", False),
        ("T", "2*T", False),
        ("T-floor(T/2)", "ceil(T/2)", True),
        ("T-floor(T/3)", "T-floor((T+1)/3)", False),
    ],
)
def test_terms_of_other_axes_or_slopes_are_other_functions(first, second, same):
    assert same_function(parse_term(first), parse_term(second)) == same


@pytest.mark.parametrize("text", ["T*T", "1/T", "T/0", "(T+1)*T"])
def test_what_is_not_linear_has_no_slope(text):
    with pytest.raises(ValueError, match="is not linear in its axis"):
        slope_and_period(parse_term(text))
