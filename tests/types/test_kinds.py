"""The lattice of kinds."""

import pytest

from phonograph.types import kinds
from phonograph.types.kinds import Audio, Kind, Lengths, LogProbs, Text, Tokens, parse_axes

KINDS = [
    value for value in vars(kinds).values() if isinstance(value, type) and issubclass(value, Kind)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_one_parent(kind):
    assert len(kind.__bases__) == 1
    assert issubclass(kind, Kind)


def test_the_docstring_draws_every_kind():
    drawn = kinds.__doc__ or ""
    assert [kind.__name__ for kind in KINDS if kind.__name__ not in drawn] == []


def test_constants_are_what_must_agree():
    assert Audio("B S").constants() == {"channels": 1}
    assert LogProbs("B T V", blank="last").constants() == {"blank": "last"}
    assert Lengths("B", of="T").constants() == {}


def test_solved_attributes_name_constructor_parameters():
    assert Audio("B S").solved_attributes() == {"rate": "sample_rate"}
    assert Tokens("B L", vocab="words").solved_attributes() == {"vocab": "words"}
    assert Tokens("B L", vocab="").solved_attributes() == {}


def test_only_python_values_are_on_the_host():
    assert {kind.__name__ for kind in KINDS if kind.host} == {"Text", "Hypotheses", "Id"}


def test_a_kind_is_printed_by_its_name():
    assert str(Text("B")) == "Text"


def test_no_axes_are_a_single_number():
    assert parse_axes("") == ()
