"""The signature is the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.graphs.parameters import Misfit, convert, is_open, to_plain
from phonograph.types.vocabulary import Vocabulary

HERE = Path("here")
VOCABULARY = {"size": 2, "fingerprint": "ab", "tokenizer": {"type": "characters"}}


@dataclass(frozen=True)
class Block:
    filters: int
    kernel: int = 3
    kind: Literal["conv", "dense"] = "conv"

    def __post_init__(self) -> None:
        if self.kernel % 2 == 0:
            raise ValueError("`kernel` must be odd")


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (3, int, 3),
        (3, float, 3.0),
        (0.5, float, 0.5),
        (True, bool, True),
        ("a", str, "a"),
        ("a/b", Path, HERE / "a/b"),
        ("/a", Path, Path("/a")),
        (None, int | None, None),
        ("a", Path | None, HERE / "a"),
        (3, int | str, 3),
        ("a", int | str, "a"),
        ("dense", Literal["conv", "dense"], "dense"),
        (5, Literal[5, 10], 5),
        ([1, 2], list[int], [1, 2]),
        ([1, 2], tuple[int, ...], (1, 2)),
        ([1, "a"], tuple[int, str], (1, "a")),
        ([1, "a"], Sequence[Any], [1, "a"]),
        ({"a": 1}, Mapping[str, Any], {"a": 1}),
        ({"a": 1}, Mapping[str, float], {"a": 1.0}),
        ({"filters": 4}, Block, Block(4)),
        ([{"filters": 4}], Sequence[Block], [Block(4)]),
        (28, Vocabulary, 28),
        (VOCABULARY, Vocabulary, Vocabulary(2, "ab", {"type": "characters"})),
        ({"x": [1]}, Any, {"x": [1]}),
    ],
)
def test_a_value_becomes_what_the_constructor_wants(value, annotation, expected):
    found = convert(value, annotation, HERE)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        (True, int, "wants a whole number, got true"),
        (2.5, int, "wants a whole number, got 2.5"),
        (None, int, "wants a whole number, got nothing"),
        ([1], float, "wants a number, got a list"),
        (True, float, "wants a number, got true"),
        (1, bool, "wants true or false, got 1"),
        ("no", bool, 'wants true or false, got the text "no"'),
        (3, str, "wants text, got 3"),
        ("a" * 99, int, "wants a whole number, got a long text"),
        (3, Path, "wants a path, got 3"),
        (1 << 63, int, "is too large a number"),
        (-(1 << 63), float, "is too large a number"),
        ("x", Literal["conv", "dense"], 'wants one of conv, dense; got the text "x"'),
        (True, Literal[1, 2], "wants one of 1, 2; got true"),
        ([1], Literal[1, 2], "wants one of 1, 2; got a list"),
        ("ab", list[str], 'wants a list, got the text "ab"'),
        ({"a": 1}, list[str], "wants a list, got a mapping"),
        ([1], tuple[int, str], "wants a list of 2, got 1"),
        ([1], Mapping[str, int], "wants a mapping, got a list"),
        (3, Block, "wants a mapping of settings, got 3"),
        ({}, Block, "lacks the setting `filters`"),
        (True, Vocabulary, "wants a vocabulary, got true"),
        ({**VOCABULARY, "size": 0}, Vocabulary, "wants a vocabulary, got a mapping"),
        ({**VOCABULARY, "more": 0}, Vocabulary, "wants a vocabulary, got a mapping"),
        ({**VOCABULARY, "tokenizer": "a"}, Vocabulary, "wants a vocabulary, got a mapping"),
        (3, Exception, "cannot be given in YAML (its type is Exception)"),
        ("a", int | float, 'wants a whole number, got the text "a"'),
    ],
)
def test_a_value_that_does_not_fit_says_what_is_wanted(value, annotation, message):
    found = convert(value, annotation, HERE)
    assert isinstance(found, Misfit)
    assert found.message == message
    assert found.trail == ()


def test_a_refused_setting_is_pointed_at_where_the_refusal_names_it():
    found = convert([{"filters": 1, "kernel": 2}], Sequence[Block], HERE)
    assert found == Misfit((0, "kernel"), "does not fit: `kernel` must be odd")


@pytest.mark.parametrize(
    ("value", "annotation", "trail", "key"),
    [
        ([1, "a"], list[int], (1,), False),
        ({"a": 1, "b": "c"}, Mapping[str, int], ("b",), False),
        ([{"filters": 1}, {"filters": "x"}], Sequence[Block], (1, "filters"), False),
        ([{"filters": 1, "kernels": 3}], Sequence[Block], (0, "kernels"), True),
        ([{"filters": 1, "kind": "x"}], int | Sequence[Block], (0, "kind"), False),
    ],
)
def test_a_misfit_knows_where_it_is(value, annotation, trail, key):
    found = convert(value, annotation, HERE)
    assert (found.trail, found.key) == (trail, key)


@pytest.mark.parametrize(
    ("value", "annotation", "help"),
    [
        ("64", int, "write 64 without quotes"),
        ("0.5", float, "write 0.5 without quotes"),
        ("true", bool, "write true without quotes"),
        ("64.5", int, ""),
        ("a", list[str], "write it in brackets: [a, b]"),
        ({"filter": 1}, Block, "did you mean `filters`?"),
    ],
)
def test_help_says_what_to_write(value, annotation, help):
    assert convert(value, annotation, HERE).help == help


def test_each_path_is_relative_to_the_folder_of_its_own_trail():
    found = convert({"a": "x", "b": "y"}, Mapping[str, Path], HERE.joinpath)
    assert found == {"a": HERE / "a/x", "b": HERE / "b/y"}


@pytest.mark.parametrize("annotation", [int, Path, Block, list[int], Mapping[str, Any], Any])
@pytest.mark.parametrize("value", ["???", ["???"], {"filters": "???"}, {"a": [1, {"b": "???"}]}])
def test_what_is_left_open_fits_everywhere(value, annotation):
    assert is_open(value)
    assert convert(value, annotation, HERE) == "???"


@given(st.recursive(st.integers(-5, 5) | st.text(max_size=3) | st.none() | st.booleans(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
                    max_leaves=6))  # fmt: skip
def test_plain_data_is_its_own_plain_form(value):
    assert to_plain(value) == value


def test_the_plain_form_converts_back():
    blocks = [Block(4), Block(5, 7, "dense")]
    assert convert(to_plain(blocks), Sequence[Block], HERE) == blocks
    vocabulary = Vocabulary.of(3, {"type": "characters", "alphabet": "abc"})
    assert convert(to_plain(vocabulary), Vocabulary, HERE) == vocabulary


def test_paths_are_left_out_of_the_plain_form():
    assert to_plain({"train": Path("a"), "list": (Path("b"), 1)}) == {
        "train": None,
        "list": [None, 1],
    }


@dataclass(frozen=True)
class FromFile:
    type: Literal["file"]
    path: str


@pytest.mark.parametrize("annotation", [FromFile | Mapping[str, Any], Mapping[str, Any] | FromFile])
def test_a_mapping_that_says_its_type_is_of_that_type_or_at_fault(annotation):
    assert convert({"type": "file", "path": "a"}, annotation, HERE) == FromFile("file", "a")
    assert convert({"type": "text"}, annotation, HERE) == {"type": "text"}
    found = convert({"type": "file"}, annotation, HERE)
    assert isinstance(found, Misfit)
    assert found.message == "lacks the setting `path`"
