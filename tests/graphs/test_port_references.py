"""Every `node.port` that a graph names."""

from phonograph.graphs.port_references import port_references, put_reference

GRAPH = {
    "modules": {
        "a": {"from": "x.y", "with": {"z": "no.port"}},
        "b": {"from": {"p": ["x.y", 3, "x.z"], "q": "x.w"}},
        "c": {"from": None},
        "d": "text.port",
    },
    "views": {
        "v": {"run": ["a.o"], "feed": ["x.y"], "score": {"wer": ["a.t", "x.t"]}, "split": "n.p"},
        "w": None,
    },
    "expose": {"inputs": {"i": "no.port"}, "outputs": {"o": "a.o"}},
    "vars": {"v": "no.port"},
}  # fmt: skip


def test_wires_views_and_exposed_outputs_are_found_with_their_trails():
    assert dict(port_references(GRAPH)) == {
        ("modules", "a", "from"): "x.y",
        ("modules", "b", "from", "p", 0): "x.y",
        ("modules", "b", "from", "p", 2): "x.z",
        ("modules", "b", "from", "q"): "x.w",
        ("views", "v", "run", 0): "a.o",
        ("views", "v", "feed", 0): "x.y",
        ("views", "v", "score", "wer", 0): "a.t",
        ("views", "v", "score", "wer", 1): "x.t",
        ("expose", "outputs", "o"): "a.o",
    }


def test_what_is_no_mapping_has_none():
    assert list(port_references({"modules": [1], "views": 3, "expose": "x.y"})) == []


def test_a_reference_is_written_at_its_trail():
    data = {"modules": {"b": {"from": {"p": ["x.y", "x.z"]}}}}
    put_reference(data, ("modules", "b", "from", "p", 1), "e.f.z")
    assert data == {"modules": {"b": {"from": {"p": ["x.y", "e.f.z"]}}}}
