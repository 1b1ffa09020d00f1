"""Files of older versions of the format."""

from dataclasses import replace
from pathlib import Path

import pytest

from phonograph.graphs import schema_versions
from phonograph.graphs.document import parse_document
from phonograph.graphs.schema_versions import migrate_schema, version_fault


def nodes_to_modules(document):
    """What was called `nodes` in version 1 is called `modules`."""
    data = {"modules" if key == "nodes" else key: value for key, value in document.data.items()}
    marks = {
        ("modules", *t[1:]) if t[:1] == ("nodes",) else t: m for t, m in document.marks.items()
    }
    return replace(document, data=data, marks=marks)


def names_to_title(document):
    data = {"title" if key == "name" else key: value for key, value in document.data.items()}
    return replace(document, data=data)


TABLE = {1: nodes_to_modules, 2: names_to_title}


def document_of(text):
    return parse_document(text, "x.yaml", Path())


def test_an_older_file_is_read_as_the_present_version_would_be_written():
    document = migrate_schema(document_of("{phonograph: 1, name: a, nodes: {n: 5}}"), TABLE, 3)
    assert document.data == {"phonograph": 3, "title": "a", "modules": {"n": 5}}
    assert str(document.place("modules", "n")) == "x.yaml:1:37"


def test_it_begins_where_the_file_stands():
    document = migrate_schema(document_of("{phonograph: 2, name: a, nodes: {}}"), TABLE, 3)
    assert document.data == {"phonograph": 3, "title": "a", "nodes": {}}


@pytest.mark.parametrize("version", ["3", "4", "true", "'1'", "0", "-1", "null", "1.0"])
def test_any_other_version_stays_as_it_is(version):
    document = document_of(f"{{phonograph: {version}, nodes: {{}}}}")
    assert migrate_schema(document, TABLE, 3) == document


@pytest.mark.parametrize("text", ["[1]", "text", "null", "{a: 1}"])
def test_what_has_no_version_stays_as_it_is(text):
    assert migrate_schema(document_of(text), TABLE, 3) == document_of(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{phonograph: 1}", None),
        ("{}", "the schema version is missing"),
        ("{phonograph: null}", "the schema version is missing"),
        ("{phonograph: 2}", "this program reads schema version 1, not 2"),
        ("{phonograph: 0}", "this program reads schema version 1, not 0"),
        ("{phonograph: true}", "this program reads schema version 1, not true"),
        ("{phonograph: '1'}", 'this program reads schema version 1, not the text "1"'),
    ],
)
def test_a_version_that_cannot_be_read_is_told(text, message):
    fault = version_fault(document_of(text))
    assert (fault.message if fault else None) == message


def test_every_file_of_a_graph_is_migrated(check_files, monkeypatch):
    monkeypatch.setattr(schema_versions.migrate_schema, "__defaults__", ({0: nodes_to_modules}, 1))
    part = "phonograph: 0\nexpose: {inputs: {frames: a.frames}, outputs: {frames: a.frames}}\n"
    files = {
        "top.yaml": "phonograph: 0\nextends: base.yaml\n"
        "nodes:\n  b: {module: part.yaml, from: data.frames}\n",
        "base.yaml": "phonograph: 0\nnodes:\n  data: {module: toy.frames, with: {width: 3}}\n",
        "part.yaml": part + "nodes:\n  a: {module: toy.dense, with: {wdith: 3}}\n",
    }
    (fault,) = check_files(files).faults
    assert (
        f"{fault}\n"
        == """\
error[PG011]: `toy.dense` has no parameter `wdith`
  --> part.yaml:4:33
   |
 4 |   a: {module: toy.dense, with: {wdith: 3}}
   |                                 ^^^^^
   = help: did you mean `width`?
"""
    )
