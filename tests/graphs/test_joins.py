"""Which outputs may feed which inputs."""

import pytest

from phonograph.graphs.joins import reason_not_to_join, role_of_term
from phonograph.types import kinds
from phonograph.types.axes import Role
from phonograph.types.kinds import (
    Audio,
    Encoded,
    Features,
    Frames,
    Kind,
    Lengths,
    LogProbs,
    Loss,
    Mask,
    Mel,
    Probs,
    Rejected,
    Scores,
    Tokens,
)
from phonograph.types.terms import parse_term

KINDS = [k for k in vars(kinds).values() if isinstance(k, type) and issubclass(k, Kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_may_feed_itself_and_its_ancestors(kind):
    for ancestor in kind.__mro__[:-1]:
        assert reason_not_to_join(kind("B D T"), ancestor("B D T")) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_may_feed_no_other(kind):
    for other in set(KINDS) - set(kind.__mro__):
        reason = reason_not_to_join(kind("B D T"), other("B D T"))
        assert reason == ("PG020", f"{kind.__name__} cannot feed {other.__name__}")


def test_examples_of_siblings_and_children():
    assert reason_not_to_join(Mel("B D T"), Features("B D T")) is None
    assert reason_not_to_join(Features("B D T"), Mel("B D T")) is not None
    assert reason_not_to_join(Encoded("B D T"), Features("B D T")) is not None
    assert reason_not_to_join(Encoded("B D T"), Frames("B D T")) is None
    assert reason_not_to_join(Rejected("B"), Mask("B")) is None


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (
            LogProbs("B T V", blank="first"),
            LogProbs("B T V", blank="last"),
            "LogProbs with blank first cannot feed LogProbs with blank last",
        ),
        (
            Audio("B S", channels=2),
            Audio("B S"),
            "Audio with channels 2 cannot feed Audio with channels 1",
        ),
    ],
)
def test_constants_must_agree(source, target, message):
    assert reason_not_to_join(source, target) == ("PG020", message)


def test_a_child_without_a_constant_of_its_parent_has_the_parents():
    assert reason_not_to_join(Probs("B T V", blank="last"), Scores("B T V", blank="last")) is None


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("B T D", "B D T", "batch x time x width cannot feed batch x width x time"),
        ("B D", "B D T", "batch x width cannot feed batch x width x time"),
        ("B L D", "B T D", "batch x label x width cannot feed batch x time x width"),
        ("", "B", "a number cannot feed batch"),
        ("B D 2*T", "B D L", "batch x width x time cannot feed batch x width x label"),
    ],
)
def test_roles_must_agree_even_where_sizes_might(source, target, message):
    assert reason_not_to_join(Frames(source), Frames(target)) == ("PG021", message)


def test_fixed_widths_must_agree():
    assert reason_not_to_join(Encoded("B 512 T"), Encoded("B 512 T")) is None
    assert reason_not_to_join(Encoded("B 1024 T"), Encoded("B 512 T")) == (
        "PG031",
        "a width of 1024 cannot feed a width of 512",
    )


def test_lengths_join_whatever_they_count():
    assert reason_not_to_join(Lengths("B", of="S"), Lengths("B", of="T")) is None


def test_terms_have_the_role_of_their_axis():
    assert role_of_term(parse_term("floor(S/hop)+1")) is Role.TIME
    assert role_of_term(parse_term("ceil(L/2)")) is Role.LABEL
    assert role_of_term(parse_term("vocab+1")) is Role.WIDTH
    assert role_of_term(parse_term("80")) is Role.WIDTH
    assert reason_not_to_join(Loss(""), Loss("")) is None
    assert reason_not_to_join(Tokens("B L"), Tokens("B U")) is None


def test_an_end_that_takes_any_number_of_channels_takes_each():
    anything = Audio("B C S", channels=None)
    for channels in (1, 2, 7):
        assert reason_not_to_join(Audio("B C S", channels=channels), anything) is None
    assert reason_not_to_join(Audio("B C S", channels=2), Audio("B C S")) == (
        "PG020",
        "Audio with channels 2 cannot feed Audio with channels 1",
    )
