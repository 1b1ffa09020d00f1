from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from phonograph.graphs.axis_letters import AxisLetters
from phonograph.graphs.solved import Extent
from phonograph.types.terms import parse_term


def frames(term: str, root: str = "data.S") -> Extent:
    return Extent(root, parse_term(term), Fraction(16000) if root.endswith("S") else None)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_two_lengths_share_a_letter_exactly_when_they_are_equal(strides):
    letters = AxisLetters()
    given_out = [letters.of(frames(f"ceil(S/{stride})")) for stride in strides]
    assert len(set(given_out)) == len(set(strides))


def test_the_same_length_written_differently_has_one_letter():
    letters = AxisLetters()
    assert letters.of(frames("ceil(ceil(S/2)/2)")) == letters.of(frames("ceil(S/4)"))


def test_axes_of_two_data_layers_are_told_apart():
    letters = AxisLetters()
    assert [letters.of(frames("S")), letters.of(frames("S", "other.S"))] == ["S", "S2"]


def test_an_axis_without_seconds_has_no_period():
    letters = AxisLetters()
    letters.of(frames("L", "data.L"))
    assert letters.axes[0].to_json() == {
        "of": "data.L",
        "length": "L",
        "per_second": None,
        "period_ms": None,
    }


def test_a_length_of_labels_counts_tokens():
    letters = AxisLetters()
    assert [letters.of(frames(term, "data.L")) for term in ("L", "L+1")] == ["L", "L2"]
    assert letters.axes[1].explained == "L+1 tokens"
