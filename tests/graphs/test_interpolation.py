"""References: a whole one is the value itself, one inside a text is written out."""

from pathlib import Path

import pytest

from phonograph.graphs.document import parse_document
from phonograph.graphs.interpolation import fill_in_references


def fill(text):
    document, faults = fill_in_references(parse_document(text, "x.yaml", Path("here")))
    return document, [fault.message for fault in faults]


@pytest.mark.parametrize(
    ("value", "reference", "expected"),
    [
        ("4", "${v}", 4),
        ("0.5", "${v}", 0.5),
        ("null", "${v}", None),
        ("[1, 2]", "${v}", [1, 2]),
        ("{a: 1}", "${v}", {"a": 1}),
        ("4", "x${v}y${v}", "x4y4"),
        ("true", "is ${v}", "is true"),
        ("'${w}!'", "${v}${w}", "hi!hi"),
        ("[a, b]", "${v.1}", "b"),
        ("'???'", "${v}", "???"),
        ("'???'", "${v}/train.jsonl", "???"),
        ("4", "$v {v} $ {v}", "$v {v} $ {v}"),
    ],
)
def test_a_reference_becomes_what_it_names(value, reference, expected):
    document, faults = fill(f"{{v: {value}, w: hi, r: '{reference}'}}")
    assert faults == []
    assert document.data["r"] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{r: '${x}'}", "`${x}` leads nowhere"),
        ("{v: [1], r: '${v.1}'}", "`${v.1}` leads nowhere"),
        ("{v: [1], r: '${v.x}'}", "`${v.x}` leads nowhere"),
        ("{v: 1, r: '${v.x}'}", "`${v.x}` leads nowhere"),
        ("{v: [1], r: 'a${v}'}", "`${v}` is no single value to put into a text"),
        ("{v: null, r: 'a${v}'}", "`${v}` is no single value to put into a text"),
        ("{r: '${r}'}", "this value refers to itself: r -> r"),
        ("{r: {a: '${r}'}}", "this value refers to itself: r.a -> r.a"),
        ("{a: 'x${b}', b: '${c}', c: '${a}'}", "this value refers to itself: a -> b -> c -> a"),
        ("{a: '${b}', b: '${a}', r: 'x${a}'}", "this value refers to itself: a -> b -> a"),
        ("{r: '${oc.env:HOME}'}", "only `${path.to.key}` can be interpolated"),
        ("{r: '${a'}", "only `${path.to.key}` can be interpolated"),
        ("{r: '${a.${b}}'}", "only `${path.to.key}` can be interpolated"),
    ],
)
def test_a_reference_that_cannot_be_filled_in_is_one_fault(text, message):
    assert fill(text)[1] == [message]


def test_the_same_fault_is_told_once_for_each_place_it_is_written():
    assert fill("{a: '${x}', b: '${a}', c: '${y}'}")[1] == [
        "`${x}` leads nowhere",
        "`${y}` leads nowhere",
    ]


def test_what_came_through_a_reference_keeps_its_place():
    document, _ = fill("{v: {n: {m: 1}}, r: '${v}'}")
    assert document.place("r", "n", "m") == document.place("v", "n", "m")
    assert str(document.place("r")) == "x.yaml:1:21"


def test_what_came_through_a_reference_keeps_its_folder():
    document = parse_document("{v: {a: b}, w: '${v}', x: '${v.a}/c', y: '${x}'}", "x", Path("here"))
    document.folders["v", "a"] = Path("there")
    filled, _ = fill_in_references(document)
    for trail in [("v", "a"), ("w", "a"), ("x",), ("y",)]:
        assert filled.folder_of(*trail) == Path("there")
    assert filled.folder_of("w", "other") == Path("here")


def test_a_path_is_relative_to_what_its_start_is_relative_to():
    text = "{root: data, name: x, a: '${root}/${name}', b: 'sub/${root}', c: '${own}/y', own: z}"
    document = parse_document(text, "x", Path("here"))
    document.folders["root",] = Path("above")
    document.folders["c",] = document.folders["b",] = Path("below")
    filled, _ = fill_in_references(document)
    folders = {key: filled.folder_of(key) for key in "abc"}
    assert folders == {"a": Path("above"), "b": Path("below"), "c": Path("here")}


def test_a_value_that_is_given_is_mended_where_it_stands():
    document = parse_document("{v: {n: [1]}, w: 2, r: '${v}', s: '${w}'}", "x.yaml", Path())
    filled, _ = fill_in_references(document, [("v",)])
    assert filled.place("r") == document.place("v")
    assert filled.key_place("r") == document.key_place("r")
    assert filled.place("r", "n", 0) == document.place("v", "n", 0)
    assert filled.place("s") == document.place("s")


def test_the_document_itself_stays_as_it_was():
    document = parse_document("{v: [1], r: '${v}'}", "x", Path())
    filled, _ = fill_in_references(document)
    filled.data["r"].append(2)
    assert document.data == {"v": [1], "r": "${v}"}
