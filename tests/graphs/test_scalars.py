"""Plain scalars by the core schema of YAML 1.2."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.graphs.scalars import MAX_DIGITS, scalar


@given(st.integers())
def test_whole_numbers_read_back(number):
    assert scalar(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back(number):
    assert scalar(repr(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0o17", 15),
        ("0xFf", 255),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("1.", 1.0),
        ("+7", 7),
        ("~", None),
    ],
)
def test_other_spellings_of_numbers_and_nothing(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "off", "1_000", "0b1", "12:30", "1e", ".", "2026-01-01", "0o8", "=", "nan"],
)
def test_what_only_yaml_1_1_converts_stays_text(text):
    assert scalar(text) == text


def test_infinities_and_nan_start_with_a_dot():
    assert scalar(".inf") == math.inf
    assert scalar("-.inf") == -math.inf
    assert math.isnan(float(str(scalar(".nan"))))


@pytest.mark.parametrize("digit", ["9", "0xf", "1."])
def test_endless_numbers_stay_text(digit):
    text = digit + "1" * MAX_DIGITS
    assert scalar(text) == text
