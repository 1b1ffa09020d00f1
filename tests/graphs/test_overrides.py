"""Overrides: `key=value` on the command line."""

from pathlib import Path

import pytest

from phonograph.errors import GraphError
from phonograph.graphs.document import parse_document
from phonograph.graphs.overrides import resolve

UNREADABLE = "cannot read the value of `n`:"

DOCUMENT = parse_document(
    "{n: 1, m: {a: 2, none: null}, l: [3, {b: 4}], r: '${m.a}'}", "x.yaml", Path("here")
)


@pytest.mark.parametrize(
    ("override", "trail", "value"),
    [
        ("n=5", ("n",), 5),
        ("n = 5", ("n",), 5),
        ("m.a=1e-3", ("m", "a"), 0.001),
        ("m.c=x=y", ("m", "c"), "x=y"),
        ("m.none.x=1", ("m", "none", "x"), 1),
        ("new.deep.key=no", ("new", "deep", "key"), "no"),
        ("l.0=[1, 2]", ("l", 0), [1, 2]),
        ("l.1.b={c: 5}", ("l", 1, "b"), {"c": 5}),
        ("m=", ("m",), None),
        ("n=${l.0}", ("n",), 3),
        ("m.a=6", ("r",), 6),
    ],
)
def test_an_override_sets_a_value(override, trail, value):
    # `r` refers to what some overrides replace.
    overrides = [override, "r=none"] if override == "m=" else [override]
    found = resolve(DOCUMENT, overrides).data
    for key in trail:
        found = found[key]
    assert found == value


def test_the_last_override_wins():
    assert resolve(DOCUMENT, ["n=5", "n=6"]).data["n"] == 6


def test_an_override_is_the_place_of_what_it_sets():
    document = resolve(DOCUMENT, ["m.a={x: 1}", "new.key=1"])
    here = "command line: m.a={x: 1}"
    assert str(document.place("m", "a")) == str(document.place("m", "a", "x")) == here
    assert str(document.place("m")) == "x.yaml:1:11"
    assert str(document.place("new")) == "command line: new.key=1"


def test_a_path_given_by_an_override_is_relative_to_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    document = resolve(DOCUMENT, ["m.a=train.jsonl"])
    assert document.folder_of("m", "a") == tmp_path
    assert document.folder_of("r") == tmp_path
    assert document.folder_of("n") == Path("here")


def test_a_value_set_as_a_whole_leaves_no_folder_of_what_was_inside(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    document = parse_document("{m: {a: x, b: y}}", "x.yaml", Path("here"))
    document.folders["m", "a"] = document.folders["m", "b"] = Path("there")
    changed = resolve(document, ["m={a: z}"])
    assert changed.folder_of("m", "a") == tmp_path
    assert document.folder_of("m", "a") == Path("there")


@pytest.mark.parametrize("key", ["extends", "extends.0", "expose.inputs.x"])
def test_what_files_are_made_of_is_not_set_by_an_override(key):
    with pytest.raises(GraphError) as caught:
        resolve(DOCUMENT, [f"{key}=a.yaml"])
    assert (
        str(caught.value)
        == f"""\
error[PG005]: `{key}` cannot be set by an override
  --> command line: {key}=a.yaml
   = help: write it in the file"""
    )


def test_the_document_itself_stays_as_it_was():
    before = dict(DOCUMENT.marks)
    resolve(DOCUMENT, ["m.a=9", "l.0=8"])
    assert DOCUMENT.data["m"]["a"] == 2
    assert DOCUMENT.data["l"][0] == 3
    assert DOCUMENT.marks == before


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("n", "`n` is no override"),
        ("=5", "`=5` is no override"),
        ("a b=5", "`a b=5` is no override"),
        ("l.-1=5", "`l.-1=5` is no override"),
        ("l.2=5", "`l` is a list of 2; it has no item `2`"),
        ("l.x=5", "`l` is a list of 2; it has no item `x`"),
        ("n.x=5", "`n` is a single value; nothing can be set inside it"),
        ("l.1.b.c=5", "`l.1.b` is a single value; nothing can be set inside it"),
        ("n={", f"{UNREADABLE} not valid YAML: a value is expected here"),
        ("n=!x y", f"{UNREADABLE} the tag `!x` is not allowed: a graph is plain data"),
        ("n=\udcff", f"{UNREADABLE} a character that YAML does not allow: surrogates not allowed"),
    ],
)
def test_a_bad_override_is_told(override, message):
    with pytest.raises(GraphError) as caught:
        resolve(DOCUMENT, [override])
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.message) == ("PG005", message)
    assert str(fault.place) == f"command line: {override}"


def test_all_bad_overrides_are_told():
    with pytest.raises(GraphError) as caught:
        resolve(DOCUMENT, ["n", "m.a=5", "l.7=1"])
    assert len(caught.value.diagnostics) == 2


def test_a_fault_of_an_override_hides_what_may_follow_from_it():
    document = parse_document("{r: '${v.a}'}", "x.yaml", Path())
    with pytest.raises(GraphError) as caught:
        resolve(document, ["v.a={"])
    (fault,) = caught.value.diagnostics
    assert fault.code == "PG005"
