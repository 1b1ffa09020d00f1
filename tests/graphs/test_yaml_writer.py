"""YAML that reads back equal."""

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from phonograph.graphs.document import parse_document
from phonograph.graphs.yaml_writer import to_yaml

TEXTS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"),
    max_size=12,
) | st.sampled_from(
    ["no", "1e-3", "0x1f", "~", "null", "", "true", ".inf", "0o7", "a: b", "- a", "#"]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False),
    TEXTS,
)
DATA = st.dictionaries(
    TEXTS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(DATA)
def test_what_is_written_reads_back_equal(data):
    assert parse_document(to_yaml(data), "x.yaml", Path()).data == data


def test_a_text_that_looks_like_a_number_stays_a_text():
    assert parse_document(to_yaml({"a": "1e-3", "b": 1e-3}), "x", Path()).data == {
        "a": "1e-3",
        "b": 0.001,
    }


def test_no_number_is_written_as_yaml_has_it():
    assert math.isnan(parse_document(to_yaml({"a": math.nan}), "x", Path()).data["a"])
