"""Inputs that take any number of outputs."""

import json
import random

import pytest
import torch

from phonograph.graphs.check import check_document
from phonograph.graphs.list_ports import trail_of, trail_to
from phonograph.graphs.lock import read_lock, to_lock
from phonograph.graphs.model import build
from phonograph.graphs.spec import NodeSpec, PortName

HEAD = """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  a: {module: toy.dense, from: data.frames, with: {width: 4}}
"""
VIEW = "views: {infer: {feed: [data.frames], run: [all.frames]}}\n"


@pytest.fixture
def check(check_files):
    return lambda node: check_files({"top.yaml": f"{HEAD}  all: {node}\n{VIEW}"})


def told(checked):
    return "\n".join(f"{fault}\n" for fault in checked.faults)


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_any_number_is_given_to_the_module_in_order(check, toys, count):
    dice = random.Random(count)
    wires = [dice.choice(["data.frames", "a.frames"]) for _ in range(count)]
    graph = check(f"{{module: toy.total, from: [{', '.join(wires)}]}}").graph
    assert graph.nodes["all"].parameters["count"] == count
    model = build(graph)
    frames = torch.randn(2, 4, 3)
    values = {"data.frames": frames, "a.frames": model.modules["a"](frames)}
    wanted = sum(w * values[x] for w, x in zip(model.modules["all"].weights, wires, strict=True))
    found = model.view("infer")({PortName("data", "frames"): frames})[PortName("all", "frames")]
    assert torch.allclose(found, wanted, atol=1e-6)
    lock = to_lock(graph)
    assert lock["modules"]["all"]["from"] == {"inputs": wires}
    again = check_document(read_lock(json.loads(json.dumps(lock)), "lock"), toys.toy_registry())
    assert again.graph is not None
    assert to_lock(again.graph) == lock


@pytest.mark.parametrize(
    "wires",
    ["[a.frames]", "a.frames", "{inputs: a.frames}", "{inputs: [a.frames]}"],
)
def test_one_output_may_stand_without_brackets(check, wires):
    one, other = (check(f"{{module: toy.total, from: {w}}}") for w in (wires, "[a.frames]"))
    assert told(one) == ""
    assert to_lock(one.graph) == to_lock(other.graph)


def test_items_may_have_widths_of_their_own(check_files):
    text = HEAD.replace(
        "from: data.frames, with: {width: 4}", "from: data.frames, with: {width: 7}"
    )
    text += "  all: {module: toy.joined, from: [data.frames, a.frames, a.frames]}\n"
    checked = check_files({"top.yaml": text + VIEW})
    assert told(checked) == ""
    frames = torch.randn(2, 4, 3)
    model = build(checked.graph)
    found = model.view("infer")({PortName("data", "frames"): frames})[PortName("all", "frames")]
    assert found.shape == (2, 18, 3)


def test_a_count_that_is_written_must_agree(check):
    node = "{module: toy.total, from: [data.frames, a.frames], with: {count: %d}}"
    assert told(check(node % 2)) == ""
    assert (
        told(check(node % 3))
        == """\
error[PG031]: sizes disagree
  --> top.yaml:5:73
   |
 5 |   all: {module: toy.total, from: [data.frames, a.frames], with: {count: 3}}
   |                                                                         ^ 3 here
   = 2 is required: all.from (top.yaml:5)
   = help: delete `count`; it is solved as 2
"""
    )


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (
            "{module: toy.total}",
            """\
error[PG014]: the input `inputs` of `all` (Frames) is not wired
  --> top.yaml:5:3
   |
 5 |   all: {module: toy.total}
   |   ^^^
   = help: a source of that kind is `data.frames` or `a.frames`
""",
        ),
        (
            "{module: toy.total, from: []}",
            """\
error[PG009]: this list of outputs is empty
  --> top.yaml:5:34
   |
 5 |   all: {module: toy.total, from: []}
   |                                  ^^
   = help: name a node and its output, for example `mel.features`
""",
        ),
        (
            "{module: toy.total, from: {inputs: [a.frames, a.frame]}}",
            """\
error[PG012]: `a` (toy.dense) has no output `frame`
  --> top.yaml:5:54
   |
 5 |   all: {module: toy.total, from: {inputs: [a.frames, a.frame]}}
   |                                                      ^^^^^^^
   = help: did you mean `frames`?
""",
        ),
        (
            "{module: toy.total, from: {input: [a.frames, a.frames]}}",
            """\
error[PG012]: `toy.total` has no input `input`
  --> top.yaml:5:35
   |
 5 |   all: {module: toy.total, from: {input: [a.frames, a.frames]}}
   |                                   ^^^^^
   = help: did you mean `inputs`?
""",
        ),
        (
            "{module: toy.dense, from: [a.frames, data.frames], with: {width: 4}}",
            """\
error[PG025]: `toy.dense` takes one output, not a list
  --> top.yaml:5:34
   |
 5 |   all: {module: toy.dense, from: [a.frames, data.frames], with: {width: 4}}
   |                                  ^^^^^^^^^^^^^^^^^^^^^^^
   = help: combine them first, for example with combine.sum
""",
        ),
        (
            "{module: toy.total, from: {inputs.0: a.frames}}",
            """\
error[PG012]: `inputs.0` is no name of an input
  --> top.yaml:5:35
   |
 5 |   all: {module: toy.total, from: {inputs.0: a.frames}}
   |                                   ^^^^^^^^
   = help: write a list for several: inputs: [a.encoded, b.encoded]
""",
        ),
        (
            "{module: toy.total, from: {inputs.x: a.frames}}",
            """\
error[PG012]: `inputs.x` is no name of an input
  --> top.yaml:5:35
   |
 5 |   all: {module: toy.total, from: {inputs.x: a.frames}}
   |                                   ^^^^^^^^
   = help: write a list for several: inputs: [a.encoded, b.encoded]
""",
        ),
        (
            "{module: toy.total, from: {'': a.frames}}",
            """\
error[PG012]: `` is no name of an input
  --> top.yaml:5:35
   |
 5 |   all: {module: toy.total, from: {'': a.frames}}
   |                                   ^^
""",
        ),
        (
            "{module: toy.total, from: [[a.frames]]}",
            """\
error[PG009]: this must be `node.port`, got a list
  --> top.yaml:5:35
   |
 5 |   all: {module: toy.total, from: [[a.frames]]}
   |                                   ^^^^^^^^^^
   = help: name a node and its output, for example `mel.features`
""",
        ),
        (
            "{module: toy.total, from: [a.frames, all.frames]}",
            """\
error[PG040]: the graph runs in a circle: all -> all
  --> top.yaml:5:45
   |
 5 |   all: {module: toy.total, from: [a.frames, all.frames]}
   |                                             ^^^^^^^^^^
   = help: data flows one way: take one of these wires out
""",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_list_is_told_once(check, node, said):
    assert told(check(node)) == said


@pytest.mark.parametrize("key", [None, ".0", "x", "x.3"])
def test_a_key_leads_to_where_it_is_written(key):
    wanted = {None: (), ".0": (0,), "x": ("x",), "x.3": ("x", 3)}
    assert trail_of(key) == ("from", *wanted[key])


OUTPUT = PortName("a", "encoded")


@pytest.mark.parametrize(
    ("key", "port", "trail"),
    [
        (".1", "inputs.1", ("from", 1)),
        ("inputs.1", "inputs.1", ("from", "inputs", 1)),
        ("features", "features", ("from", "features")),
        (None, "features", ("from",)),
    ],
)
def test_the_source_of_a_port_is_found_however_it_was_written(key, port, trail):
    node = NodeSpec("all", "combine.sum", {key: OUTPUT}, {})
    assert trail_to(node, port) == trail
