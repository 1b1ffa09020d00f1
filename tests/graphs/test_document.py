"""Reading YAML: plain data, and the place of everything."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.errors import GraphError, Place
from phonograph.graphs.document import Document, parse_document, parse_value, read_document


def letters(most):
    # JSON writes what lies beyond the first 65,536 characters in two halves; YAML does not.
    return st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=most)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | letters(8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(letters(4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def parse(text):
    return parse_document(text, "x.yaml", Path("somewhere"))


@given(plain)
def test_json_reads_as_what_it_is(data):
    assert parse(json.dumps(data)).data == data


TEXT = """\
name: demo   # the name
list:
  - first
  - {key: [1, "two"]}
block:
  inner: |
    text
    more
same: &a {x: 1}
again: *a
"""


@pytest.mark.parametrize(
    ("trail", "place", "underlined"),
    [
        (("name",), "x.yaml:1:7", "demo"),
        (("list", 0), "x.yaml:3:5", "first"),
        (("list", 1, "key"), "x.yaml:4:11", '[1, "two"]'),
        (("list", 1, "key", 1), "x.yaml:4:15", '"two"'),
        (("list", 1), "x.yaml:4:5", '{key: [1, "two"]}'),
        (("block", "inner"), "x.yaml:6:10", "|"),
        (("same", "x"), "x.yaml:9:14", "1"),
        (("again", "x"), "x.yaml:9:14", "1"),
        (("name", "nothing", "there"), "x.yaml:1:7", "demo"),
    ],
)
def test_every_value_has_its_place(trail, place, underlined):
    found = parse(TEXT).place(*trail)
    assert str(found) == place
    assert found.source[found.column - 1 :][: found.width] == underlined


def test_a_key_has_a_place_of_its_own():
    assert str(parse(TEXT).key_place("block", "inner")) == "x.yaml:6:3"


def test_quoted_scalars_are_texts():
    assert parse("""{a: "1", b: 'no', c: "a\\tb", d: 1}""").data == {
        "a": "1",
        "b": "no",
        "c": "a\tb",
        "d": 1,
    }


def test_a_document_without_marks_is_its_file():
    assert Document("lock", Path(), {"a": 1}, {}).place("a") == Place("lock")


def test_folders_are_inherited():
    document = Document("x", Path("here"), {}, {}, {("a",): Path("there")})
    assert document.folder_of("a", "b", 0) == Path("there")
    assert document.folder_of("b") == Path("here")


def test_every_duplicate_key_is_told_once_even_through_aliases():
    with pytest.raises(GraphError) as caught:
        parse("a: &x {k: 1, k: 2}\nb: *x\nc: *x\na: 3\n")
    assert [str(fault.place) for fault in caught.value.diagnostics] == ["x.yaml:1:14", "x.yaml:4:1"]


def test_a_file_is_read_with_its_folder(tmp_path):
    path = tmp_path / "graph.yaml"
    path.write_text("name: é")
    document = read_document(path)
    assert document.data == {"name": "é"}
    assert document.folder == tmp_path
    assert document.name == str(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(GraphError) as caught:
        read_document(tmp_path / "none.yaml", "none.yaml")
    assert str(caught.value) == (
        "error[PG002]: cannot read the graph: No such file or directory\n  --> none.yaml"
    )


def test_the_line_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "graph.yaml"
    path.write_bytes(b"name: a\ntext: \xe9\n")
    with pytest.raises(GraphError) as caught:
        read_document(path, "graph.yaml")
    assert str(caught.value) == "error[PG001]: not UTF-8 text\n  --> graph.yaml:2"


def test_the_value_of_an_override_is_read_alike():
    assert parse_value("{a: [1, no]}") == {"a": [1, "no"]}
    assert parse_value("") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{a: 1 b: 2}", "not valid YAML: `,` or `}` is expected here"),
        ("a: [x: 1 y: 2]", "not valid YAML: `,` or `]` is expected here"),
        ("- a\nb: 2", "not valid YAML: the next item of a list is expected here"),
        ("a: - 1", "not valid YAML: a list cannot start here"),
        ("a: `x`", "not valid YAML: a backtick cannot start a value"),
        ("a: >\n\tx", "not valid YAML: a tab cannot start a value or indent a line"),
        ("a: | x\n b", "not valid YAML: did not find expected comment or line break"),
        ("a: 'b", "not valid YAML: this `'` is not closed"),
        ("a:\n  - [b,\n  - c", "not valid YAML: a value is expected here"),
        ("a: [b,\nc: d\n", "not valid YAML: this `[` is not closed"),
    ],
)
def test_syntax_is_told_in_words(text, said):
    with pytest.raises(GraphError) as caught:
        parse(text)
    (fault,) = caught.value.diagnostics
    assert fault.code == "PG001"
    assert fault.message == said
