"""What a part takes and gives; the faults are in composites.yaml."""

from pathlib import Path

import pytest

from phonograph.graphs.document import parse_document
from phonograph.graphs.exposed import Target, read_exposed

MODULES = "modules: {a: {module: m, from: {x: b.y}}, b: {module: m}, gone: null, bad: 3}"


def read(expose, composites=None):
    document = parse_document(f"{{expose: {expose}, {MODULES}}}", "part.yaml", Path())
    exposed, faults = read_exposed(document, composites or {})
    targets = {n: [(t.node, t.port) for t in found] for n, found in exposed.inputs.items()}
    return targets, dict(exposed.outputs), [fault.message for fault in faults]


@pytest.mark.parametrize(
    ("expose", "inputs", "outputs"),
    [
        ("{}", {}, {}),
        ("{inputs: null, outputs: {}}", {}, {}),
        ("{inputs: {i: b.x}}", {"i": [("b", "x")]}, {}),
        ("{inputs: {i: [b.x, a.z], j: b.w}}",
         {"i": [("b", "x"), ("a", "z")], "j": [("b", "w")]}, {}),
        ("{outputs: {o: a.y, p: a.y}}", {}, {"o": "a.y", "p": "a.y"}),
    ],
)  # fmt: skip
def test_names_lead_inside(expose, inputs, outputs):
    assert read(expose) == (inputs, outputs, [])


@pytest.mark.parametrize(
    ("expose", "messages"),
    [
        ("{inputs: {i: a.x}}", ["`a.x` is wired inside, so it cannot be exposed"]),
        ("{inputs: {i: gone.x}}", ["there is no node `gone`"]),
        ("{outputs: {o: gone.x, p: no.y}}", ["there is no node `gone`", "there is no node `no`"]),
        ("{inputs: {i: [b.x, b.x]}}", []),
        ("{inputs: {i: b.x, j: b.x}}", ["`b.x` is exposed as `i` already"]),
        ("{inputs: {i: [[b.x]]}}", ["this must be `node.port`, got a list"]),
        ("{outputs: {o: [a.y]}}", ["this must be `node.port`, got a list"]),
        ("{outputs: {o: 3}}", ["this must be `node.port`, got 3"]),
        ("{inputs: {i: bad.x}}", []),
        ("{input: {i: b.x}, outputs: 7}",
         ["unknown key `input` under `expose`", "`outputs` must be a mapping, got 7"]),
        ("null", ["`expose` must be a mapping, got nothing"]),
    ],
)  # fmt: skip
def test_what_cannot_be_exposed_is_told(expose, messages):
    assert read(expose)[2] == messages


def test_an_input_of_a_composite_leads_to_what_it_feeds_and_to_where_it_is_exposed():
    inner = parse_document("{p: 1}", "inner.yaml", Path()).place("p")
    composites = {"e": {"in": (Target("front", "x", inner), Target("f.g", "y", inner))}}
    document = parse_document("{expose: {inputs: {i: e.in}}, modules: {e.front: {}}}", "p", Path())
    exposed, faults = read_exposed(document, composites)
    assert faults == []
    assert exposed.inputs["i"] == (Target("e.front", "x", inner), Target("e.f.g", "y", inner))
    messages = read("{inputs: {i: e.inn}}", composites)[2]
    assert messages == ["`e` exposes no input `inn`"]
