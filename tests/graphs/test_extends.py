"""Graphs that start from others."""

import random
from copy import deepcopy

import pytest
import torch

from phonograph.collections import default_metrics, default_registry
from phonograph.collections.recipes import locate
from phonograph.graphs import extends
from phonograph.graphs.lock import to_lock
from phonograph.graphs.model import build
from phonograph.graphs.spec import PortName

BASE = """\
phonograph: 1
name: base
vars: {width: 6}
modules:
  data: {module: toy.frames, with: {width: 4}}
  front: {module: toy.dense, from: data.frames, with: {width: "${vars.width}"}}
  back: {module: toy.dense, from: front.frames, with: {width: 3, scale: 2}}
views:
  infer: {feed: [data.frames], run: [back.frames]}
"""


@pytest.fixture
def told(check_files, tmp_path):
    def tell(top, base=BASE, *overrides, **files):
        others = {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
        written = {"top.yaml": top, "base.yaml": base, **others}
        faults = check_files(written, *overrides, locate=locate).faults
        return "\n".join(f"{fault}\n" for fault in faults).replace(str(tmp_path), "HERE")

    return tell


@pytest.fixture
def solved(check_files):
    def solve(top, base=BASE, *overrides, **files):
        others = {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
        checked = check_files({"top.yaml": top, "base.yaml": base, **others}, *overrides)
        assert checked.faults == ()
        return checked.graph

    return solve


def top(text="", extended="base.yaml"):
    return f"phonograph: 1\nextends: {extended}\n{text}"


def split(dice, value, depth=0):
    """Split data into what is below and what is on top; the top may write over the below."""
    below, above = {}, {}
    for key, inner in value.items():
        if isinstance(inner, dict) and dice.random() < 0.7:
            below[key], above[key] = split(dice, inner, depth + 1)
            if dice.random() < 0.5 and not below[key]:
                del below[key]
            elif dice.random() < 0.5 and not above[key]:
                del above[key]
        elif dice.random() < 0.5:
            below[key] = inner
        else:
            above[key] = inner
            if key not in ("module", "use") and not isinstance(inner, dict) and dice.random() < 0.3:
                below[key] = dice.choice(["nonsense", 7, None, ["x"], {"y": 1}])
    return below, above


@pytest.mark.parametrize("seed", range(30))
def test_a_graph_split_at_random_is_the_same_as_in_one_piece(seed, check_files, toys):
    dice = random.Random(seed)
    whole = toys.random_graph(dice)
    files = {"flat.yaml": whole}
    rest, names = whole, [f"f{n}.yaml" for n in range(dice.randrange(1, 4))]
    for name in names:
        below, rest = split(
            dice, {k: v for k, v in rest.items() if k not in ("phonograph", "extends")}
        )
        files[name] = toys.shuffled(dice, {"phonograph": 1, **below})
    files["top.yaml"] = {"extends": names, "phonograph": 1, **rest}
    if seed % 2:  # a chain instead of a list
        for name, upper in zip(names[1:], names, strict=False):
            files[name]["extends"] = upper
        files["top.yaml"]["extends"] = names[-1]
    one, other = check_files(files, top="flat.yaml"), check_files(deepcopy(files))
    assert one.faults == other.faults == ()
    assert to_lock(one.graph) == to_lock(other.graph)


def test_a_recipe_may_be_extended(check_files):
    text = "modules: {data: {with: {tokenizer: {alphabet: 'abc '}}}}\n"
    checked = check_files(
        {"top.yaml": top(text, "phonograph://asr/quartznet-5x5")},
        registry=default_registry(),
        metrics=default_metrics(),
        locate=locate,
    )
    assert checked.faults == ()
    tokenizer = checked.graph.nodes["data"].parameters["tokenizer"]
    assert tokenizer == {"type": "characters", "alphabet": "abc "}


def test_another_type_of_tokenizer_keeps_nothing_of_the_first(check_files):
    text = "modules: {data: {with: {tokenizer: {type: sentencepiece, model: x.model}}}}\n"
    checked = check_files(
        {"top.yaml": top(text, "phonograph://asr/quartznet-5x5")},
        registry=default_registry(),
        locate=locate,
    )
    (fault,) = checked.faults
    assert "x.model" in str(fault)
    assert "alphabet" not in str(fault)


def test_a_later_entry_of_a_list_lies_over_the_earlier(solved):
    wide = "phonograph: 1\nvars: {width: 8}\nmodules: {back: {with: {scale: 5}}}\n"
    graph = solved(
        top("modules: {back: {with: {scale: 7}}}\n", "[base.yaml, wide.yaml]"), wide=wide
    )
    assert graph.nodes["front"].parameters["width"] == 8
    assert graph.nodes["back"].parameters["scale"] == 7
    assert (
        solved(top("", "[wide.yaml, base.yaml]"), wide=wide).nodes["front"].parameters["width"] == 6
    )


def test_the_name_is_inherited_and_a_view_or_a_node_can_be_taken_out(solved):
    text = "modules: {front: null, back: {from: data.frames}}\n"
    text += "views: {infer: null, all: {run: [back.frames]}}\n"
    graph = solved(top(text))
    assert graph.name == "base"
    assert list(graph.nodes) == ["data", "back"]
    assert list(graph.spec.views) == ["all"]


def test_another_module_keeps_the_wires_and_no_settings(solved):
    graph = solved(top("modules: {back: {module: toy.square}}\n"))
    assert graph.wiring.source_of(PortName("back", "frames")) == PortName("front", "frames")
    assert dict(graph.nodes["back"].parameters) == {"width": 6}


def test_use_instead_of_a_module_keeps_the_wires(solved):
    graph = solved(top("modules: {front: {with: {width: 4}}, back: {use: front}}\n"))
    assert graph.nodes["back"].use == "front"


def test_what_a_part_exposes_is_not_inherited(solved, told):
    base = BASE.replace(
        "views:\n  infer: {feed: [data.frames], run: [back.frames]}\n",
        "expose: {outputs: {x: back.frames}}\n",
    )
    assert list(solved(top(), base).nodes) == ["data", "front", "back"]
    assert told(base).startswith("error[PG019]: this file is a composite")


def test_an_override_lies_over_all(solved):
    assert solved(top(), BASE, "vars.width=9").nodes["front"].parameters["width"] == 9


def test_a_node_that_was_taken_out_is_told_at_the_line_that_did_it(told):
    assert (
        told(top("modules: {front: null}\n"))
        == """\
error[PG012]: there is no node `front`
  --> base.yaml:7:35
   |
 7 |   back: {module: toy.dense, from: front.frames, with: {width: 3, scale: 2}}
   |                                   ^^^^^^^^^^^^
   = it is taken out at top.yaml:3:11
"""
    )


def test_a_fault_in_an_inherited_value_is_told_at_the_line_of_the_base(told):
    assert (
        told(top("modules: {front: {with: {width: 5}}}\n"), BASE.replace("scale: 2", "scale: x"))
        == """\
error[PG015]: `scale` of `back` wants a number, got the text "x"
  --> base.yaml:7:73
   |
 7 |   back: {module: toy.dense, from: front.frames, with: {width: 3, scale: x}}
   |                                                                         ^
"""
    )


def test_a_fault_in_a_value_that_was_written_over_is_told_at_the_top(told):
    assert (
        told(top("modules:\n  back: {with: {scale: x}}\n"))
        == """\
error[PG015]: `scale` of `back` wants a number, got the text "x"
  --> top.yaml:4:24
   |
 4 |   back: {with: {scale: x}}
   |                        ^
"""
    )


def test_a_clash_of_two_files_names_both(told):
    assert (
        told(top("modules:\n  back: {with: {feat_in: 5}}\n"))
        == """\
error[PG031]: sizes disagree
  --> top.yaml:4:26
   |
 4 |   back: {with: {feat_in: 5}}
   |                          ^ 5 here
   = 6 is required: front.width (base.yaml:6) -> front.frames -> back.frames
   = help: delete `feat_in`; it is solved as 6
"""
    )


@pytest.mark.parametrize(
    ("base", "said", "place"),
    [
        ("phonograph: 1\nvars: [a\nx: 1\n", "PG001]: not valid YAML: this `[` is not closed", ":2:7"),  # noqa: E501
        ("phonograph: 1\nphonograph: 1\n", "PG004]: the key `phonograph` is given twice", ":2:1"),
        ("- a\n", "PG006]: a graph is a mapping of keys", ":1:1"),
        ("", "PG006]: a graph is a mapping of keys", ""),
        ("modules: {}\n", "PG009]: the schema version is missing", ":1:1"),
        ("phonograph: 3\n", "PG009]: this program reads schema version 1, not 3", ":1:13"),
        ("phonograph: 1\nextends: x.yaml\n", "PG018]: there is no file `x.yaml`", ":2:10"),
    ],
)  # fmt: skip
def test_a_base_that_cannot_be_read_is_told_at_its_own_line(told, base, said, place):
    assert told(top(), base).startswith(f"error[{said}\n  --> base.yaml{place}\n")
    assert told(top(), base).count("error[") == 1


@pytest.mark.parametrize(
    ("extended", "said"),
    [
        (
            "none.yaml",
            """\
error[PG018]: there is no file `none.yaml`
  --> top.yaml:2:10
   |
 2 | extends: none.yaml
   |          ^^^^^^^^^
   = looked for HERE/none.yaml
""",
        ),
        (
            "[base.yaml, ../x.yaml]",
            """\
error[PG018]: `../x.yaml` lies outside of what may be read
  --> top.yaml:2:22
   |
 2 | extends: [base.yaml, ../x.yaml]
   |                      ^^^^^^^^^
   = files are read only below HERE
   = help: run phonograph in the folder that holds both files
""",
        ),
        (
            "phonograph://asr/quartznet-5x",
            """\
error[PG018]: there is no recipe `phonograph://asr/quartznet-5x`
  --> top.yaml:2:10
   |
 2 | extends: phonograph://asr/quartznet-5x
   |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = help: did you mean `asr/quartznet-5x5`, `asr/quartznet-15x5` or `asr/quartznet-10x5`?
""",
        ),
        (
            "base",
            """\
error[PG018]: `base` is no graph file
  --> top.yaml:2:10
   |
 2 | extends: base
   |          ^^^^
   = help: name a file that ends in .yaml or .yml, or a recipe: phonograph://asr/…
""",
        ),
        (
            "[base.yaml, 3]",
            """\
error[PG018]: `extends` must name a recipe or a file, got 3
  --> top.yaml:2:22
   |
 2 | extends: [base.yaml, 3]
   |                      ^
   = help: write `extends: phonograph://asr/…`, or a path; a list for several
""",
        ),
        (
            "",
            """\
error[PG018]: `extends` must name a recipe or a file, got nothing
  --> top.yaml:2:9
   |
 2 | extends:
   |         ^
   = help: write `extends: phonograph://asr/…`, or a path; a list for several
""",
        ),
        (
            "top.yaml",
            """\
error[PG018]: `extends` runs in a circle: top.yaml -> top.yaml
  --> top.yaml:2:10
   |
 2 | extends: top.yaml
   |          ^^^^^^^^
""",
        ),
    ],
)
def test_a_base_that_cannot_be_found_is_told(told, extended, said):
    text = told(top("", extended))
    assert text.replace("extends: \n", "extends:\n") == said


def test_every_base_that_cannot_be_found_is_told(told):
    said = told(top("", "[a.yaml, base.yaml, b.yaml]"))
    assert "there is no file `a.yaml`" in said
    assert "there is no file `b.yaml`" in said


def test_a_longer_circle_is_told_at_the_file_that_closes_it(told):
    files = {"sub__a": top("", "../b.yaml"), "b": top("", "sub/a.yaml")}
    assert (
        told(top("", "sub/a.yaml"), **files)
        == """\
error[PG018]: `extends` runs in a circle: a.yaml -> b.yaml -> a.yaml
  --> b.yaml:2:10
   |
 2 | extends: sub/a.yaml
   |          ^^^^^^^^^^
"""
    )


def test_the_number_of_files_is_bounded(told, monkeypatch):
    monkeypatch.setattr(extends, "MAX_FILES", 3)
    said = told(top("", "[base.yaml, base.yaml, base.yaml]"))
    assert said.startswith("error[PG018]: more than 3 files are extended\n  --> top.yaml:2:33\n")


def test_files_that_extend_each_other_many_times_end_soon(told):
    bases = {f"b{n}": top("", f"[{', '.join([f'b{n + 1}.yaml'] * 3)}]") for n in range(20)}
    said = told(top("", "b0.yaml"), **bases)
    assert said.startswith("error[PG018]: ")


def test_a_relative_path_stays_relative_to_the_file_that_wrote_it(check_files, toys, tmp_path):
    base = """\
phonograph: 1
vars: {root: data, name: x.txt}
modules:
  files:
    module: toy.files
    with: {one: "${vars.root}/a.txt", two: b.txt, three: "sub/${vars.name}"}
"""
    registry = toys.toy_registry(files=toys.Files)

    def paths(text, *overrides):
        files = {"top.yaml": top(text, "deep/base.yaml"), "deep/base.yaml": base}
        checked = check_files(files, *overrides, registry=registry)
        assert checked.faults == ()
        found = checked.graph.nodes["files"].parameters
        return [str(found[name].relative_to(tmp_path)) for name in ("one", "two", "three")]

    assert paths("") == ["deep/data/a.txt", "deep/b.txt", "deep/sub/x.txt"]
    assert paths("vars: {root: mine}\n") == ["mine/a.txt", "deep/b.txt", "deep/sub/x.txt"]
    assert paths("vars: {name: y.txt}\n") == ["deep/data/a.txt", "deep/b.txt", "deep/sub/y.txt"]
    text = 'modules: {files: {with: {two: "${vars.root}/c.txt"}}}\n'
    assert paths(text) == ["deep/data/a.txt", "deep/data/c.txt", "deep/sub/x.txt"]
    setting = "modules.files.with={one: o.txt, two: '${vars.root}/t', three: h.txt}"
    assert paths("", setting) == ["o.txt", "deep/data/t", "h.txt"]


def test_a_graph_that_extends_computes_what_the_whole_one_does(solved):
    graph = solved(top("modules: {back: {with: {shift: 1}}}\n"))
    flat = solved(BASE.replace("scale: 2}", "scale: 2, shift: 1}"))
    one, other = build(graph), build(flat)
    other.module.load_state_dict(one.module.state_dict())
    given = {PortName("data", "frames"): torch.randn(2, 4, 3)}
    port = PortName("back", "frames")
    assert torch.equal(one.view("infer")(given)[port], other.view("infer")(given)[port])
