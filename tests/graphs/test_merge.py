"""Documents laid over one another."""

from pathlib import Path

import pytest

from phonograph.graphs.document import parse_document
from phonograph.graphs.merge import merge, trails

NODE = "{modules: {n: {module: a, from: x.y, with: {p: 1, t: {type: u, k: 2}}, version: 1}}}"

WHOLE = {"module": "a", "from": "x.y", "with": {"p": 1, "t": {"type": "u", "k": 2}}, "version": 1}


def merged(lower, upper):
    below = parse_document(lower, "lower.yaml", Path("below"))
    return merge(below, parse_document(upper, "upper.yaml", Path("above")))


@pytest.mark.parametrize(
    ("lower", "upper", "data"),
    [
        ("{a: 1}", "{b: 2}", {"a": 1, "b": 2}),
        ("{a: 1}", "{a: 2}", {"a": 2}),
        ("{a: {b: 1, c: 2}}", "{a: {c: 3}}", {"a": {"b": 1, "c": 3}}),
        ("{a: {b: 1}}", "{a: null}", {"a": None}),
        ("{a: null}", "{a: {b: 1}}", {"a": {"b": 1}}),
        ("{a: [1, 2]}", "{a: [3]}", {"a": [3]}),
        ("{a: {b: 1}}", "{a: 5}", {"a": 5}),
        ("{a: 5}", "{a: {b: 1}}", {"a": {"b": 1}}),
        # a choice that is another one keeps nothing of what it was
        ("{a: {o: {name: x, lr: 1}}}", "{a: {o: {name: y}}}", {"a": {"o": {"name": "y"}}}),
        (
            "{train: {o: {name: x, lr: 1}}}",
            "{train: {o: {name: x, m: 2}}}",
            {"train": {"o": {"name": "x", "lr": 1, "m": 2}}},
        ),
        ("{a: {o: {lr: 1}}}", "{a: {o: {name: y}}}", {"a": {"o": {"lr": 1, "name": "y"}}}),
        # names that the graph gives are no choices
        ("{name: x, vars: {name: a, b: 1}}", "{name: y, vars: {name: c}}",
         {"name": "y", "vars": {"name": "c", "b": 1}}),
        ("{modules: {type: {module: a}, b: {module: c}}}", "{modules: {type: {only: x}}}",
         {"modules": {"type": {"module": "a", "only": "x"}, "b": {"module": "c"}}}),
        ("{modules: {n: {with: {type: a, k: 1}}}}", "{modules: {n: {with: {type: b}}}}",
         {"modules": {"n": {"with": {"type": "b", "k": 1}}}}),
        ("{modules: {n: {from: {name: a.b, k: c.d}}}}", "{modules: {n: {from: {name: e.f}}}}",
         {"modules": {"n": {"from": {"name": "e.f", "k": "c.d"}}}}),
    ],
)  # fmt: skip
def test_what_is_on_top_wins_and_the_rest_shows_through(lower, upper, data):
    assert merged(lower, upper).data == data


@pytest.mark.parametrize(
    ("upper", "node"),
    [
        ("{module: a}", WHOLE),
        ("{module: b}", {"from": "x.y", "module": "b"}),
        ("{module: b, with: {q: 1}}", {"from": "x.y", "module": "b", "with": {"q": 1}}),
        ("{use: m}", {"from": "x.y", "use": "m"}),
        ("{only: v}", {**WHOLE, "only": "v"}),
        ("{with: {t: {type: v}}}", {**WHOLE, "with": {"p": 1, "t": {"type": "v"}}}),
        ("{from: z.w}", {**WHOLE, "from": "z.w"}),
        ("null", None),
    ],
)  # fmt: skip
def test_a_node_of_another_module_keeps_its_wires_and_no_settings(upper, node):
    assert merged(NODE, f"{{modules: {{n: {upper}}}}}").data == {"modules": {"n": node}}


def test_a_module_instead_of_use_takes_it_away():
    lower = "{modules: {n: {use: m, from: x.y}}}"
    assert merged(lower, "{modules: {n: {module: a}}}").data == {
        "modules": {"n": {"from": "x.y", "module": "a"}}
    }


def test_settings_below_a_node_that_says_its_module_only_on_top_stay():
    lower = "{modules: {n: {with: {p: 1}}}}"
    assert merged(lower, "{modules: {n: {module: a}}}").data == {
        "modules": {"n": {"with": {"p": 1}, "module": "a"}}
    }


def test_every_value_keeps_its_place_and_its_folder():
    document = merged("{a: {b: 1, c: [x, y], d: {e: 2}}, f: {}}", "{a: {b: 3}, g: 4}")
    below, above = Path("below"), Path("above")
    places = {trail: str(document.place(*trail)) for trail in trails(document.data)}
    assert places == {
        (): "upper.yaml:1:1",
        ("a",): "upper.yaml:1:5",
        ("a", "b"): "upper.yaml:1:9",
        ("a", "c"): "lower.yaml:1:15",
        ("a", "c", 0): "lower.yaml:1:16",
        ("a", "c", 1): "lower.yaml:1:19",
        ("a", "d"): "lower.yaml:1:26",
        ("a", "d", "e"): "lower.yaml:1:30",
        ("f",): "lower.yaml:1:38",
        ("g",): "upper.yaml:1:16",
    }
    assert document.folder_of("a", "b") == document.folder_of("g") == above
    assert document.folder_of("a", "c", 1) == document.folder_of("a", "d", "e") == below


def test_neither_document_changes():
    lower = parse_document("{a: {b: 1}, l: [{c: 2}]}", "lower.yaml", Path())
    upper = parse_document("{a: {b: 3}}", "upper.yaml", Path())
    document = merge(lower, upper)
    document.data["l"][0]["c"] = document.data["a"]["b"] = 9
    assert lower.data == {"a": {"b": 1}, "l": [{"c": 2}]}
    assert upper.data == {"a": {"b": 3}}
