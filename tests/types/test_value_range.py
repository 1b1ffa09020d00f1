import pytest

from phonograph.types.value_range import range_in


@pytest.mark.parametrize(
    ("text", "range_"),
    [
        ("probability in [0, 1) of zeroing a value", "[0, 1)"),
        ("width of the frames, at least 1; solved", "≥ 1"),
        ("seconds, above 0, at most 65536 samples", "> 0"),
        ("number of mel bands, 1 to 1024.", "[1, 1024]"),
        ("standard deviation, at least 0; samples are in [-1, 1].", "≥ 0"),
        ("a rate, at least 0 and below 1", "[0, 1)"),
        ("at least 1,000 of them", "≥ 1000"),
    ],
)
def test_words_become_bounds(text, range_):
    assert str(range_in(text)) == range_


@pytest.mark.parametrize(
    "text",
    [
        "a multiple of the heads",
        "width of the result, at least 2 * context.",
        "number of coefficients, 1 to `n_mels`.",
        "length in seconds, at least `hop`",
        "below 0 prefers the second branch, above 0 the first.",
    ],
)
def test_bounds_that_are_no_numbers_are_not_guessed(text):
    assert range_in(text) is None
