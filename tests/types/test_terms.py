"""Terms: what is printed reads back, and equality is decided as trying every length would."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.types.terms import (
    Affine,
    Constant,
    Name,
    Operation,
    Rounding,
    as_affine,
    axis_in,
    evaluate,
    names_in,
    parse_term,
    substitute,
)

numbers = st.integers(0, 9).map(Fraction).map(Constant)
positive = st.integers(1, 6).map(Fraction).map(Constant)
names = st.sampled_from(["T", "vocab", "stride"]).map(Name)

any_term = st.recursive(
    names | numbers,
    lambda inner: st.one_of(
        st.builds(Operation, st.sampled_from("+-*/"), inner, inner),
        st.builds(Rounding, st.sampled_from(["floor", "ceil"]), inner),
    ),
    max_leaves=8,
)

width_term = st.recursive(
    st.just(Name("vocab")) | numbers,
    lambda inner: st.one_of(
        st.builds(Operation, st.sampled_from("+-"), inner, numbers),
        st.builds(Operation, st.sampled_from("+-"), numbers, inner),
        st.builds(Operation, st.sampled_from("*/"), inner, positive),
        st.builds(Operation, st.just("*"), positive, inner),
    ),
    max_leaves=4,
)


@given(any_term)
def test_what_is_printed_reads_back(term):
    assert parse_term(str(term)) == term


@given(width_term, st.integers(1, 20))
def test_the_affine_form_has_the_same_values(term, vocab):
    affine = as_affine(term)
    assert affine is not None
    assert affine.scale * vocab + affine.offset == evaluate(term, {"vocab": vocab})


@pytest.mark.parametrize("text", ["a+b", "a*b", "1/a", "a/0", "floor(a)", "floor(a)+1"])
def test_what_is_not_affine_in_one_name_is_none(text):
    assert as_affine(parse_term(text)) is None


def test_a_plain_number_is_affine_in_no_name():
    assert as_affine(parse_term("2*(3+4)/7")) == Affine(Fraction(0), None, Fraction(2))


@given(width_term, st.integers(1, 40))
def test_substituting_and_evaluating_agree(term, vocab):
    filled = substitute(term, {"vocab": Constant(Fraction(vocab))})
    assert filled == Constant(evaluate(term, {"vocab": vocab}))


def test_rounding_is_that_of_mathematics():
    assert evaluate(parse_term("floor((T-9)/2)"), {"T": 4}) == math.floor(-2.5)
    assert evaluate(parse_term("ceil((T-9)/2)"), {"T": 4}) == math.ceil(-2.5)


@pytest.mark.parametrize(
    "text",
    ["", "T T", "T**2", "-T", "1.5", "True", "'T'", "round(T)", "floor(T, 2)", "floor()", "T.x",
     "T[0]", "T if T else 1", "__import__('os')", "floor(x=T)"],
)  # fmt: skip
def test_other_syntax_is_refused(text):
    with pytest.raises(ValueError, match="cannot read the axis"):
        parse_term(text)


def test_a_missing_value_is_named():
    with pytest.raises(ValueError, match=r"no value for hop in `S/hop`"):
        evaluate(parse_term("S/hop"), {"S": 3})


@pytest.mark.parametrize("text", ["T/0", "3/0", "T/(2-2)"])
def test_division_by_zero_is_an_error(text):
    with pytest.raises(ZeroDivisionError, match=r"an axis divides . by zero"):
        substitute(parse_term(text), {})


def test_roundings_of_the_same_way_fold_into_one():
    term = substitute(parse_term("ceil(ceil(T/a)/b)"), {"a": Constant(Fraction(2)), "b": Name("b")})
    assert str(substitute(term, {"b": Constant(Fraction(3))})) == "ceil(T/6)"


def test_numbers_that_are_not_whole_are_printed_in_brackets():
    term = substitute(parse_term("S/hop"), {"hop": Constant(Fraction(1, 2))})
    assert str(term) == "S/(1/2)"


def test_names_and_the_axis_are_found():
    term = parse_term("ceil((T+pad)/stride)-2")
    assert names_in(term) == {"T", "pad", "stride"}
    assert axis_in(term) == "T"
    assert axis_in(parse_term("vocab+1")) is None


def test_what_changes_nothing_is_left_out():
    zero = {"more": Constant(Fraction(0))}
    assert str(substitute(parse_term("floor(S/2)+more"), zero)) == "floor(S/2)"
    assert str(substitute(parse_term("floor(S/2)-more"), zero)) == "floor(S/2)"


@given(any_term, st.integers(0, 40), st.integers(1, 9), st.integers(1, 5))
def test_filling_in_keeps_the_value(term, frames, vocab, stride):
    values = {"T": Constant(Fraction(frames)), "vocab": Constant(Fraction(vocab))}
    numbers = {"T": frames, "vocab": vocab, "stride": stride}
    try:
        expected = evaluate(term, numbers)
    except ZeroDivisionError:
        return
    assert evaluate(substitute(term, values), numbers) == expected
    partly = substitute(term, {"stride": Constant(Fraction(stride)), "vocab": values["vocab"]})
    assert evaluate(partly, numbers) == expected


@pytest.mark.parametrize(
    ("shift", "stride", "read"),
    [(1, 2, "ceil(T/2)"), (3, 4, "ceil(T/4)"), (6, 4, "ceil((T+3)/4)"), (1, 4, "floor((T+1)/4)")],
)
def test_rounding_down_from_above_is_rounding_up(shift, stride, read):
    filled = {"shift": Constant(Fraction(shift)), "stride": Constant(Fraction(stride))}
    assert str(substitute(parse_term("floor((T+shift)/stride)"), filled)) == read


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("ceil(S*8000/16000)", "ceil(S/2)"),
        ("ceil(S*16000/44100)", "ceil(S*160/441)"),
        ("ceil(S*16000/8000)", "S*2"),
        ("S*8000/8000", "S"),
        ("S*3/2", "S*3/2"),
    ],
)
def test_shares_are_shortened_and_mean_the_same(written, short):
    term = substitute(parse_term(written), {})
    assert str(term) == short
    for samples in (0, 1, 159, 44100):
        assert evaluate(term, {"S": samples}) == evaluate(parse_term(written), {"S": samples})
