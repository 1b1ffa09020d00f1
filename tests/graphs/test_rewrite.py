"""One edit in a text: what is meant changes, everything else stays."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from phonograph.errors import Edit, Place
from phonograph.graphs.rewrite import rewritten


def at(text, word, action="replace", new=""):
    """Return an edit at the first place where a word stands."""
    before, _, _ = text.partition(word)
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    source = text.splitlines()[line - 1]
    return Edit(Place("x", line, column, len(word), source), new, action)


DELETED = [
    ("{x: 1, b: 2}", "{b: 2}"),
    ("{a: 1, x: 2}", "{a: 1}"),
    ("{a: 1, x: 2, c: 3}", "{a: 1, c: 3}"),
    ("{a: 1, x: 2, }", "{a: 1, }"),
    ("w: {x: 1}", ""),
    ("m: {a: 1, w: {x: 1}}", "m: {a: 1}"),
    ("m: {w: {x: 1}, a: 1}", "m: {a: 1}"),
    ("m: {a: 1,\n    x: 2}  # two", "m: {a: 1}  # two"),
    ("m: {a: 1,  # one\n    x: 2}  # two", "m: {a: 1,  # one\n    }  # two"),
    ("m: {x: 1,  # one\n    a: 2}", "m: {  # one\n    a: 2}"),
    ("a: 1\nx: 2\nc: 3\n", "a: 1\nc: 3\n"),
    ("a: 1\nx: 2", "a: 1\n"),
    ("a: 1\n\n# two\nx: 2\n", "a: 1\n\n# two\n"),
    ("a: 1\nx: 2   # two\nc: 3\n", "a: 1\n# two\nc: 3\n"),
    ("m:\n  a: 1\n  x: {b: [1,\n   2]}\nc: 3\n", "m:\n  a: 1\nc: 3\n"),
    ("m:\n  w:\n    x: 1\n  a: 2\n", "m:\n  a: 2\n"),
    ("m:\n  w:\n    # why\n    x: 1\n  a: 2\n", "m:\n  w:\n    # why\n  a: 2\n"),
    ("m:\n  w:   # why\n    x: 1\n  a: 2\n", "m:\n  w:   # why\n  a: 2\n"),
    ("a: 1\r\nx: 2\r\nc: 3\r\n", "a: 1\r\nc: 3\r\n"),
]


@pytest.mark.parametrize(("text", "expected"), DELETED)
def test_a_key_goes_with_its_value_its_comma_and_its_line(text, expected):
    result = rewritten(text, at(text, "x", "delete"))
    assert result == expected
    yaml.safe_load(result)


@pytest.mark.parametrize(
    "text", ["m:\n  x:\n    a: 1\n    b: 2\n", "x: |\n  a\n  b\nc: 1\n", "- x: 1\n  b: 2\n"]
)
def test_what_cannot_be_taken_out_cleanly_is_left(text):
    assert rewritten(text, at(text, "x", "delete")) is None


ADDED = [
    ("m: {module: a}  # b", "m: {module: a, from: c}  # b"),
    ("m: {module: a, }", "m: {module: a, from: c, }"),
    ("m: {module: [a], with: {}}", "m: {module: [a], from: c, with: {}}"),
    ("m:\n  module: a  # b\n  with: {}\n", "m:\n  module: a  # b\n  from: c\n  with: {}\n"),
    ("m:\r\n  module: a", "m:\r\n  module: a\r\n  from: c"),
]


@pytest.mark.parametrize(("text", "expected"), ADDED)
def test_a_key_is_added_after_another(text, expected):
    assert rewritten(text, at(text, "module", "after", "from: c")) == expected


@pytest.mark.parametrize("text", ["module:\n  a: 1\n", "module: |\n  a\n", "- module: a\n"])
def test_where_its_place_is_not_plain_nothing_is_added(text):
    assert rewritten(text, at(text, "module", "after", "from: c")) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a\nname: b\n", "# a\nphonograph: 1\nname: b\n"),
        ("---\r\nname: b\r\n", "---\r\nphonograph: 1\r\nname: b\r\n"),
        ("{name: b}", "{phonograph: 1, name: b}"),
        ("  name: b\n  c: d\n", "  phonograph: 1\n  name: b\n  c: d\n"),
    ],
)
def test_a_key_is_added_before_another(text, expected):
    assert rewritten(text, at(text, "name", "before", "phonograph: 1")) == expected


def test_a_text_that_is_not_as_the_edit_expects_is_left():
    edit = at("a: 1\nb: 2\n", "b")
    for text in ("a: 1\n", "a: 1\nb: 3\n", ""):
        assert rewritten(text, edit) is None
    assert rewritten("a: [b]", at("a: [b]", "b", "delete")) is None


WORDS = st.sampled_from(["a", "b", "c", "dd", "eee"])
VALUES = st.recursive(
    st.integers(0, 99) | st.sampled_from(["t", "u v", "w: x", "'", "#"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def without_empty(value):
    """Empty mappings and keys without a value mean the same as no key."""
    if not isinstance(value, dict):
        return value
    kept = {key: without_empty(inner) for key, inner in value.items()}
    return {key: inner for key, inner in kept.items() if inner not in (None, {})}


@given(st.dictionaries(WORDS, VALUES, max_size=3), VALUES, st.data())
def test_of_any_mapping_only_the_key_is_gone(rest, value, data):
    place = data.draw(st.integers(0, len(rest)))
    entries = [*rest.items()]
    entries.insert(place, ("gone", value))
    inside = {"top": 1, "inside": dict(entries), "end": [2]}
    flow = data.draw(st.sampled_from([True, False, None]))
    text = yaml.safe_dump(inside, sort_keys=False, default_flow_style=flow, width=30)
    text = re.sub(r"^(  gone: \w+)$", r"\1  # kept", text, flags=re.MULTILINE)
    result = rewritten(text, at(text, "gone", "delete"))
    if result is not None:
        expected = {"top": 1, "inside": rest, "end": [2]}
        assert without_empty(yaml.safe_load(result)) == without_empty(expected)
        assert result.count("# kept") == text.count("# kept")
