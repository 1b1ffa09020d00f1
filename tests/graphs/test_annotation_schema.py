from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from phonograph.graphs.annotation_schema import AnnotationSchemas
from phonograph.graphs.parameters import GIVEN_LATER, Misfit, convert, is_open
from phonograph.types.vocabulary import Vocabulary


@dataclass(frozen=True)
class Part:
    """A part.

    Args:
        size: how large, at least 1.
        kind: what it is.
    """

    size: int
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Whole:
    """A whole.

    Args:
        parts: what it is made of.
        rate: how fast, in [0, 1).
        more: anything else.
    """

    parts: Sequence[Part] = ()
    rate: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


ANNOTATIONS = (
    int,
    float,
    bool,
    str,
    Path,
    Path | None,
    int | None,
    Literal["x", "y"],
    Literal["x", 3] | Part,
    Sequence[int],
    tuple[float, float],
    tuple[int, ...],
    Mapping[str, float],
    Sequence[Part],
    Whole,
    Any,
    Vocabulary,
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 3),
        st.floats(-2, 2),
        st.sampled_from(["x", "y", "a", "b", "???", "${vars.x}", "text"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["size", "kind", "parts", "rate", "z"]), inner, max_size=3),
    ),
    max_leaves=6,
)


def accepts(annotation, value):
    schemas = AnnotationSchemas()
    schema = {**schemas.of(annotation), "$defs": schemas.definitions}
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=str)
@given(value=VALUES)
def test_what_a_graph_may_say_a_schema_accepts(annotation, value):
    assume(
        value == GIVEN_LATER or not is_open(value)
    )  # of what is open in part, nothing is checked
    if not isinstance(convert(value, annotation, Path()), Misfit):
        assert accepts(annotation, value)


@pytest.mark.parametrize(
    ("annotation", "wrong"),
    [
        (int, 1.5),
        (int, "80"),
        (int, True),
        (bool, 1),
        (str, 3),
        (Path, None),
        (Literal["x", "y"], "z"),
        (Sequence[int], 3),
        (Sequence[int], ["a"]),
        (tuple[float, float], [1.0]),
        (tuple[float, float], [1.0, 2.0, 3.0]),
        (Part, {"size": 1, "colour": "red"}),
        (Part, {"size": 0}),
        (Sequence[Part], [{"kind": "a"}]),
        (Whole, {"rate": 1.0}),
        (Whole, {"parts": [{"size": "large"}]}),
        (Vocabulary, "abc"),
    ],
    ids=str,
)
def test_what_is_wrong_a_schema_refuses(annotation, wrong):
    assert not accepts(annotation, wrong)


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=str)
@pytest.mark.parametrize("value", ["???", "${vars.size}"])
def test_everything_may_be_given_later_or_taken_from_elsewhere(annotation, value):
    assert accepts(annotation, value)


def test_words_and_defaults_are_for_those_who_read():
    schemas = AnnotationSchemas()
    schema = schemas.argument(float, "how fast, above 0.", 0.5)
    assert schema == {
        "type": ["number", "string"],
        "pattern": r"^(\?\?\?|.*\$\{.*\}.*)$",
        "exclusiveMinimum": 0,
        "description": "how fast, above 0.",
        "default": 0.5,
    }


def test_settings_are_defined_once_and_documented():
    schemas = AnnotationSchemas()
    assert schemas.of(Part) == schemas.of(Part)
    assert list(schemas.definitions) == ["Part"]
    assert schemas.definitions["Part"]["description"] == "A part."
    kind = schemas.definitions["Part"]["properties"]["kind"]
    assert (kind["description"], kind["default"]) == ("what it is.", "a")


def test_classes_of_the_same_name_are_kept_apart():
    @dataclass(frozen=True)
    class Part:
        """Another part.

        Args:
            width: how wide.
        """

        width: int = 1

    schemas = AnnotationSchemas()
    schemas.of(Whole)
    schemas.of(Part)
    assert set(schemas.definitions) == {"Whole", "Part", "Part_"}
