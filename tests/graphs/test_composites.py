"""Composites: graph files that stand for a node."""

import random
import time
from copy import deepcopy
from pathlib import Path

import pytest
import torch
import yaml

from phonograph.collections.recipes import locate
from phonograph.graphs import composites
from phonograph.graphs.bundle import open_bundle, save_bundle
from phonograph.graphs.composites import expand
from phonograph.graphs.difference import difference
from phonograph.graphs.document import read_document
from phonograph.graphs.fine_tune import Plan
from phonograph.graphs.left_open import left_open
from phonograph.graphs.lock import to_lock
from phonograph.graphs.model import build
from phonograph.graphs.overrides import resolve
from phonograph.graphs.sources import Sources
from phonograph.graphs.spec import PortName

TOP = """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  encoder: {module: parts/enc.yaml, from: data.frames, with: {width: 6}}
  head: {module: toy.dense, from: encoder.frames, with: {width: 2}}
views:
  infer: {feed: [data.frames], run: [head.frames]}
"""

PART = """\
phonograph: 1
vars: {width: 3}
expose:
  inputs: {frames: front.frames}
  outputs: {frames: back.frames}
modules:
  front: {module: toy.dense, with: {width: 5}}
  back: {module: toy.dense, from: front.frames, with: {width: "${vars.width}"}}
"""


def edited(text, old, new):
    assert text.count(old) == 1, (old, text)
    return text.replace(old, new)


@pytest.fixture
def told(check_files):
    """Check a graph and its part, and return what is printed."""

    def tell(top=TOP, part=PART, *overrides, **files):
        others = {f"{name}.yaml": text for name, text in files.items()}
        checked = check_files({"top.yaml": top, "parts/enc.yaml": part, **others}, *overrides)
        return [f"{fault}\n" for fault in checked.faults]

    return tell


@pytest.fixture
def solved(check_files):
    def solve(top=TOP, part=PART, *overrides, **files):
        others = {f"{name}.yaml": text for name, text in files.items()}
        checked = check_files({"top.yaml": top, "parts/enc.yaml": part, **others}, *overrides)
        assert checked.faults == ()
        return checked.graph

    return solve


def values_of(model, frames):
    """Compute a model's only view."""
    results = model.view("infer")({PortName("data", "frames"): frames})
    return [results[port] for port in model.view("infer").view.outputs]


@pytest.mark.parametrize("seed", range(25))
def test_any_nodes_put_into_a_part_give_the_same_lock_and_values(seed, check_files, toys):
    dice = random.Random(seed)
    flat = toys.random_graph(dice)
    expose = {"outputs": {str(k): one for k, one in enumerate(flat["views"]["infer"]["run"])}}
    top, part = toys.grouped(dice, {"modules": flat["modules"], "expose": expose}, "group")
    files = {"group.yaml": part}
    if seed % 2:  # and some of these into a part of that part
        files["group.yaml"], files["deeper.yaml"] = toys.grouped(dice, part, "deeper")
    run = list(top["expose"]["outputs"].values())
    view = {"feed": ["data.frames"], "run": run}
    top = {**flat, "modules": top["modules"], "views": {"infer": view}}
    apart = check_files({"top.yaml": toys.shuffled(dice, top), **files})
    whole = check_files({"flat.yaml": flat}, top="flat.yaml")
    assert apart.faults == whole.faults == ()
    lock = toys.renamed(toys.renamed(to_lock(apart.graph), "deeper."), "group.")
    assert lock == toys.renamed(to_lock(whole.graph), "group.")
    one, other = build(whole.graph), build(apart.graph)
    weights = other.module.state_dict()
    assert weights.keys()
    own = {name.replace("group.", "").replace("deeper.", ""): name for name in weights}
    other.module.load_state_dict({own[n]: w for n, w in one.module.state_dict().items()})
    frames = torch.randn(2, 4, 5)
    for first, second in zip(values_of(one, frames), values_of(other, frames), strict=True):
        assert torch.equal(first, second)


def test_a_part_becomes_nodes_under_its_name(solved):
    graph = solved()
    assert list(graph.nodes) == ["data", "encoder.front", "encoder.back", "head"]
    assert graph.nodes["encoder.back"].parameters["width"] == 6
    assert list(build(graph).module.state_dict()) == [
        "encoder.front.linear.weight",
        "encoder.front.linear.bias",
        "encoder.back.linear.weight",
        "encoder.back.linear.bias",
        "head.linear.weight",
        "head.linear.bias",
    ]


def test_a_part_used_twice_is_two_sets_of_weights(solved):
    more = "  second: {module: parts/enc.yaml, from: encoder.frames}\n  head:"
    graph = solved(
        edited(
            edited(TOP, "  head:", more), "from: encoder.frames, with", "from: second.frames, with"
        )
    )
    assert graph.nodes["second.back"].parameters["width"] == 3
    assert graph.nodes["second.front"].parameters["feat_in"] == 6
    assert sum(build(graph).parameter_counts().values()) == 25 + 36 + 35 + 18 + 8


def test_use_of_a_composite_shares_the_weights_of_all_its_nodes(solved):
    more = (
        "  third: {use: second, from: data.frames}\n"
        "  second: {use: encoder, from: data.frames}\n"
        "  sum: {module: toy.total, from: [encoder.frames, second.frames, third.frames]}\n  head:"
    )
    graph = solved(
        edited(edited(TOP, "  head:", more), "from: encoder.frames, with", "from: sum.frames, with")
    )
    model = build(graph)
    assert (
        model.modules["second.back"] is model.modules["third.back"] is model.modules["encoder.back"]
    )
    names = {name.partition(".")[0] for name in model.module.state_dict()}
    assert names == {"encoder", "sum", "head"}


def test_only_of_a_composite_holds_for_all_its_nodes(solved, told):
    part = "phonograph: 1\nexpose: {inputs: {frames: a.frames}, outputs: {frames: b.frames}}\n"
    part += "modules:\n"
    part += "  a: {module: toy.noise}\n  b: {module: toy.noise, from: a.frames}\n"
    top = edited(TOP, "from: data.frames, with: {width: 6}", "from: data.frames, only: train")
    top = edited(top, "views:\n", "views:\n  train: {run: [head.frames]}\n")
    graph = solved(top, part.replace("toy.noise", "toy.same"))
    assert {n: node.only for n, node in graph.nodes.items() if node.only} == {
        "encoder.a": "train",
        "encoder.b": "train",
    }
    assert build(graph).view("infer").view.nodes == ("head",)


def test_only_of_a_part_that_nothing_can_stand_for_is_told_where_it_is_written(told):
    top = edited(TOP, "from: data.frames, with: {width: 6}", "from: data.frames, only: train")
    top = edited(top, "views:\n", "views:\n  train: {run: [head.frames]}\n")
    assert told(top)[0].splitlines()[:5] == [
        "error[PG041]: outside `train` nothing can stand for `encoder.back.frames`",
        "  --> top.yaml:4:62",
        "   |",
        " 4 |   encoder: {module: parts/enc.yaml, from: data.frames, only: train}",
        "   |                                                              ^^^^^",
    ]


def test_an_exposed_input_may_feed_several_inside(solved):
    part = edited(
        PART, "{frames: front.frames}", "{frames: [front.frames, side.first, side.second]}"
    )
    part += "  side: {module: toy.pair}\n"
    graph = solved(TOP, part)
    assert graph.wiring.source_of(PortName("encoder.side", "second")) == PortName("data", "frames")


def test_a_list_port_may_be_exposed(solved):
    part = edited(
        PART, "front: {module: toy.dense, with: {width: 5}}", "front: {module: toy.joined}"
    )
    part = edited(part, "front.frames}", "front.inputs}")
    part = edited(part, "with: {width:", "with: {feat_in: 12, width:")
    graph = solved(
        edited(TOP, "from: data.frames", "from: [data.frames, data.frames, data.frames]"), part
    )
    assert graph.nodes["encoder.back"].parameters["feat_in"] == 12
    same = solved(
        edited(TOP, "from: data.frames", "from: {frames: [data.frames, data.frames, data.frames]}"),
        part,
    )
    assert to_lock(same) == to_lock(graph)


def test_ports_inside_may_be_named_and_views_may_name_what_is_exposed(solved):
    top = edited(
        TOP, "run: [head.frames]", "run: [head.frames, encoder.frames, encoder.front.frames]"
    )
    assert list(map(str, solved(top).spec.views["infer"].run)) == [
        "head.frames",
        "encoder.back.frames",
        "encoder.front.frames",
    ]


def test_a_part_may_have_parts_of_the_same_name(solved):
    outer = """\
phonograph: 1
expose: {inputs: {frames: encoder.frames}, outputs: {frames: again.frames}}
modules:
  encoder: {module: parts/enc.yaml}
  again: {module: toy.dense, from: other.frames, with: {width: 6}}
  other: {use: encoder.front, from: data.frames}
  data: {module: toy.dense, from: encoder.frames, with: {width: 4}}
"""
    graph = solved(
        edited(
            TOP,
            "parts/enc.yaml, from: data.frames, with: {width: 6}",
            "outer.yaml, from: data.frames",
        ),
        outer=outer,
    )
    assert graph.nodes["encoder.other"].use == "encoder.encoder.front"
    assert list(graph.nodes)[1:] == [
        "encoder.encoder.front",
        "encoder.encoder.back",
        "encoder.data",
        "encoder.other",
        "encoder.again",
        "head",
    ]


def test_a_bundle_of_a_graph_with_parts_gives_the_same_values(solved, toys, tmp_path):
    graph = solved()
    model = build(graph)
    save_bundle(tmp_path / "x.phono", graph, model.module.state_dict(), {})
    opened = open_bundle(tmp_path / "x.phono", toys.toy_registry())
    frames = torch.randn(1, 4, 3)
    assert torch.equal(*values_of(model, frames), *values_of(opened, frames))
    assert to_lock(opened.graph) == to_lock(graph)


def test_weights_are_chosen_by_the_names_of_composites(told):
    init = "init: {from: x.phono, include: [encoder], exclude: [encoder.front], "
    init += "freeze: [encoder.back.linear]}\n"
    assert told(TOP + init) == []
    (fault,) = told(TOP + init.replace("exclude: [encoder.front]", "exclude: [encoder.frnt]"))
    assert "error[PG051]: `encoder.frnt` names no weight of this graph" in fault
    assert "= help: did you mean `encoder.front`?" in fault


def test_a_relative_path_is_relative_to_the_file_that_wrote_it(check_files, toys, tmp_path):
    part = """\
phonograph: 1
vars: {name: own.txt, given: x}
expose: {outputs: {frames: a.frames}}
modules:
  a:
    module: toy.files
    with: {one: "${vars.name}", two: "${vars.given}", three: "sub/${vars.given}"}
"""
    top = "phonograph: 1\nname: y\nmodules:\n"
    top += '  e: {module: parts/p.yaml, with: {given: "mine/${name}"}}\n'
    checked = check_files(
        {"top.yaml": top, "parts/p.yaml": part}, registry=toys.toy_registry(files=toys.Files)
    )
    assert checked.faults == ()
    paths = {
        k: str(v.relative_to(tmp_path)) for k, v in checked.graph.nodes["e.a"].parameters.items()
    }
    assert paths == {"one": "parts/own.txt", "two": "mine/y", "three": "parts/sub/mine/y"}


TABLE = Path(__file__).with_name("composites.yaml").read_text(encoding="utf-8")
CASES = yaml.safe_load(TABLE)


def files_of(case):
    texts = {"top": TOP, "part": PART}
    for edit in case["edits"]:
        texts[edit["file"]] = edited(texts[edit["file"]], edit["old"], edit["new"])
    return {"top.yaml": texts["top"], "parts/enc.yaml": texts["part"]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_fault_is_told_once_where_it_is_to_be_mended(case, check_files, tmp_path):
    faults = check_files(files_of(case), locate=locate).faults
    said = "\n".join(f"{fault}\n" for fault in faults)
    assert said.replace(str(tmp_path), "HERE") == case["said"]


@pytest.mark.parametrize(
    "content", ["- a\n", "", "text\n", "a: [\n", "modules: []\n", "expose: 3\n"]
)
def test_any_file_that_is_no_part_is_one_fault(content, told):
    assert len(told(part=content)) == 1


def test_composites_that_nest_too_deep_are_refused(check_files):
    part = "phonograph: 1\nexpose: {outputs: {frames: a.frames}}\nmodules: {a: {module: %s}}\n"
    files = {f"p{n}.yaml": part % f"p{n + 1}.yaml" for n in range(12)}
    (fault,) = check_files(
        {"top.yaml": "phonograph: 1\nmodules: {a: {module: p0.yaml}}\n", **files}
    ).faults
    names = " -> ".join(f"p{n}.yaml" for n in range(composites.MAX_DEPTH + 1))
    assert (fault.code, fault.message) == ("PG018", f"composites nest more than 8 deep: {names}")
    assert str(fault.place) == "p7.yaml:3:23"


@pytest.mark.parametrize(
    "inner", ["{module: toy.same}", "{module: toy.files, with: {a: [%s]}}" % ("1, " * 900)]
)
def test_what_composites_grow_to_is_bounded(check_files, inner, monkeypatch):
    monkeypatch.setattr(composites, "MAX_NODES", 1500)
    monkeypatch.setattr(composites, "MAX_VALUES", 40_000)
    head = "phonograph: 1\nexpose: {outputs: {frames: n0.frames}}\nmodules:\n"
    files = {"p2.yaml": f"{head}  n0: {inner}\n"}
    for level in (1, 0):
        lines = [f"  n{k}: {{module: p{level + 1}.yaml}}\n" for k in range(40)]
        files[f"p{level}.yaml"] = head + "".join(lines)
    (fault,) = check_files(
        {"top.yaml": "phonograph: 1\nmodules: {a: {module: p0.yaml}}\n", **files}
    ).faults
    assert fault.code == "PG003"
    assert fault.message.startswith("composites expand to more than ")


def test_a_part_is_not_checked_alone(check_files):
    (fault,) = check_files({"enc.yaml": PART}, top="enc.yaml").faults
    assert (
        f"{fault}\n"
        == """\
error[PG019]: this file is a composite, and is checked with a graph that uses it
  --> enc.yaml:3:1
   |
 3 | expose:
   | ^^^^^^
   = help: use it there: encoder: {module: enc.yaml, from: …}
"""
    )


def test_what_a_part_leaves_open_is_named_as_an_override_gives_it(solved):
    graph = solved(edited(TOP, ", with: {width: 6}", ""), edited(PART, "width: 3", 'width: "???"'))
    assert list(left_open(graph)) == ["modules.encoder.with.width"]
    given = solved(edited(TOP, "width: 6", 'width: "???"'), PART, "modules.encoder.with.width=7")
    assert list(left_open(given)) == []
    assert given.nodes["encoder.back"].parameters["width"] == 7


def test_an_override_may_take_another_part(solved):
    other = "phonograph: 1\nexpose: {inputs: {frames: a.frames}, outputs: {frames: a.frames}}\n"
    other += "modules: {a: {module: toy.dense, with: {width: 2}}}\n"
    graph = solved(
        TOP, PART, "modules.encoder={module: other.yaml, from: data.frames}", other=other
    )
    assert list(graph.nodes) == ["data", "encoder.a", "head"]


def test_a_part_may_extend_another(solved):
    part = "phonograph: 1\nextends: ../base.yaml\n"
    part += "expose: {inputs: {frames: front.frames}, outputs: {frames: back.frames}}\n"
    base = PART.replace(
        "expose:\n  inputs: {frames: front.frames}\n  outputs: {frames: back.frames}\n", ""
    )
    graph = solved(TOP, part + "modules: {front: {with: {width: 9}}}\n", base=base)
    assert graph.nodes["encoder.back"].parameters["feat_in"] == 9


def test_a_graph_may_have_many_parts(solved):
    lines = [
        f"  e{n}: {{module: parts/enc.yaml, from: {'data' if n == 0 else f'e{n - 1}'}.frames}}\n"
        for n in range(300)
    ]
    start = time.process_time()
    graph = solved(edited(TOP, "  head:", "".join(lines) + "  head:"))
    assert len(graph.nodes) == 604
    assert time.process_time() - start < 5


def test_the_document_itself_stays_as_it_was(check_files, tmp_path):
    check_files({"top.yaml": TOP, "parts/enc.yaml": PART})
    document = resolve(read_document(tmp_path / "top.yaml"))
    before = deepcopy((document.data, document.marks, document.folders, document.unreadable))
    expand(document, Sources(tmp_path))
    assert before == (document.data, document.marks, document.folders, document.unreadable)


def test_weights_are_told_by_node_of_the_part(solved):
    graph = solved()
    found = difference(graph, solved(edited(TOP, "width: 6", "width: 7")))
    nodes = ["encoder.front", "encoder.back", "head"]
    assert {node: len(names) for node, names in found.weights.nodes.items()} == dict.fromkeys(
        nodes, 2
    )
    weights = tuple(build(graph).module.state_dict())
    plan = Plan(weights, {}, (), graph.nodes)
    assert plan.lines() == [
        "reused: encoder.front (2 tensors), encoder.back (2 tensors), head (2 tensors)"
    ]


def test_what_a_part_in_a_group_leaves_open_is_named_once(solved):
    top = TOP.replace(", with: {width: 6}", "").replace("encoder", "group.encoder")
    graph = solved(top, edited(PART, "width: 3", 'width: "???"'))
    assert list(left_open(graph)) == ["modules.group.encoder.with.width"]


@pytest.mark.parametrize(
    ("old", "new", "mended"),
    [
        ("{width: 6}", "{widht: 6}", "width"),
        ("from: data.frames, with: {width: 6}", "form: data.frames, with: {width: 6}", "from"),
        ("from: data.frames, with: {width: 6}", "from: {frame: data.frames}", "frames"),
    ],
)
def test_what_is_certain_is_mended_where_a_composite_is_used(old, new, mended, check_files):
    files = {"top.yaml": edited(TOP, old, new), "parts/enc.yaml": PART}
    fault = check_files(files).faults[0]
    assert fault.fix is not None
    assert fault.fix.text == mended
