"""`use`: nodes that share their weights."""

import pytest
import torch

from phonograph.graphs.bundle import open_bundle, read_bundle, save_bundle
from phonograph.graphs.describe import describe
from phonograph.graphs.fine_tune import plan_start
from phonograph.graphs.lock import to_lock
from phonograph.graphs.model import build, sketch
from phonograph.graphs.node_costs import estimate_costs
from phonograph.graphs.spec import PortName
from phonograph.graphs.weight_names import frozen_nodes

GRAPH = """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  left: {module: toy.dense, from: data.frames, with: {width: 4}}
  right: {use: left, from: left.frames}
  pair: {module: toy.pair, from: {first: left.frames, second: right.frames}}
views:
  infer: {feed: [data.frames], run: [pair.product]}
  alone: {feed: [left.frames], run: [right.frames]}
"""


@pytest.fixture
def solved(check_files):
    def solve(text=GRAPH, *overrides):
        checked = check_files({"top.yaml": text}, *overrides)
        assert checked.faults == ()
        return checked.graph

    return solve


@pytest.fixture
def told(check_files):
    def tell(text, *overrides):
        faults = check_files({"top.yaml": text}, *overrides).faults
        return "\n".join(f"{fault}\n" for fault in faults)

    return tell


def test_both_nodes_have_the_very_same_weights(solved):
    model = build(solved())
    assert model.modules["left"] is model.modules["right"]
    assert list(model.module.state_dict()) == ["left.linear.weight", "left.linear.bias"]
    assert len(list(model.module.parameters())) == 2


def test_gradients_of_all_users_add_up(solved):
    model = build(solved())
    frames = torch.randn(2, 4, 3)
    model.view("infer")({PortName("data", "frames"): frames})[
        PortName("pair", "product")
    ].sum().backward()
    dense = model.modules["left"]
    copy = type(dense)(4, 4)
    copy.load_state_dict(dense.state_dict())
    again = type(dense)(4, 4)
    again.load_state_dict(dense.state_dict())
    left = copy(frames)
    (left * again(left)).sum().backward()
    both = copy.linear.weight.grad + again.linear.weight.grad
    assert torch.allclose(dense.linear.weight.grad, both, atol=1e-6)


def test_a_view_may_hold_a_user_without_its_owner(solved):
    model = build(solved())
    view = model.view("alone")
    assert view.view.nodes == ("right",)
    frames = torch.randn(1, 4, 2)
    found = view({PortName("left", "frames"): frames})[PortName("right", "frames")]
    assert torch.equal(found, model.modules["left"](frames))


def test_weights_are_counted_once(solved):
    graph = solved()
    described = describe(sketch(graph))
    assert {node.name: node.parameters for node in described.nodes} == {
        "data": 0,
        "left": 20,
        "right": 0,
        "pair": 0,
    }


def test_what_is_shared_is_told_and_paid_for_once(solved):
    model = sketch(solved())
    costs = estimate_costs(model)
    described = describe(model, None, costs)
    rows = {node.name: node for node in described.nodes}
    assert rows["right"].remarks == ("weights of left",)
    assert [rows[name].to_json()["use"] for name in ("left", "right")] == [None, "left"]
    assert costs["left"].weights == costs["right"].weights == 4 * 20
    assert {view: total.weights for view, total in described.totals.items()} == {
        "infer": 4 * 20,
        "alone": 4 * 20,
    }


def test_a_view_without_the_owner_counts_the_weights_all_the_same(solved):
    model = sketch(solved())
    assert describe(model, "alone").parameters == describe(model).parameters == 20


def test_a_user_of_a_user_shares_with_the_owner_whatever_the_order(solved):
    more = "  third: {use: right, from: data.frames}\n"
    before = GRAPH.replace("  left:", f"{more}  left:")
    after = GRAPH.replace("  pair:", f"{more}  pair:")
    assert solved(before).nodes["third"].use == "left"
    assert to_lock(solved(before)) == to_lock(solved(after))


def test_a_bundle_keeps_the_sharing(solved, toys, tmp_path):
    graph = solved()
    model = build(graph)
    save_bundle(tmp_path / "x.phono", graph, model.module.state_dict(), {})
    opened = open_bundle(tmp_path / "x.phono", toys.toy_registry())
    assert opened.modules["left"] is opened.modules["right"]
    assert to_lock(opened.graph) == to_lock(graph)
    given = {PortName("data", "frames"): torch.randn(1, 4, 3)}
    port = PortName("pair", "product")
    assert torch.equal(model.view("infer")(given)[port], opened.view("infer")(given)[port])


def test_a_plan_names_the_weights_of_the_owner_only(solved, toys, tmp_path):
    graph = solved()
    save_bundle(tmp_path / "x.phono", graph, build(graph).module.state_dict(), {})
    model = build(solved(GRAPH + "init: {from: x.phono, freeze: [left]}\n"))
    plan, faults = plan_start(model, read_bundle(tmp_path / "x.phono", toys.toy_registry()))
    assert faults == []
    assert plan.reused == plan.frozen == ("left.linear.weight", "left.linear.bias")
    assert frozen_nodes(model) == {"left", "right"}


def test_freezing_a_user_by_name_is_told(told):
    said = told(GRAPH + "init: {from: x.phono, freeze: [right]}\n")
    assert said.startswith(
        "error[PG051]: `right` names no weight of this graph\n   --> top.yaml:10:"
    )


SQUARES = """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  wide: {module: toy.dense, from: data.frames, with: {feat_in: 4}}
  one: {module: toy.square, from: OWNER}
  two: {use: one, from: USER}
  last: {module: toy.dense, from: USER, with: {width: 2}}
"""


@pytest.mark.parametrize(
    ("owner", "user"),
    [("data.frames", "wide.frames"), ("wide.frames", "data.frames")],
)
def test_sizes_are_solved_through_shared_weights_in_both_directions(solved, owner, user):
    graph = solved(SQUARES.replace("OWNER", owner).replace("USER", user))
    assert graph.nodes["wide"].parameters["width"] == 4
    assert graph.nodes["last"].parameters["feat_in"] == 4


def test_sizes_that_clash_through_shared_weights_are_one_fault(told):
    text = SQUARES.replace("OWNER", "data.frames").replace("USER", "wide.frames")
    assert (
        told(text.replace("{feat_in: 4}", "{feat_in: 4, width: 7}"))
        == """\
error[PG031]: sizes disagree
  --> top.yaml:4:74
   |
 4 |   wide: {module: toy.dense, from: data.frames, with: {feat_in: 4, width: 7}}
   |                                                                          ^ 7 here
   = 4 is required: data.width (top.yaml:3) -> data.frames -> one.frames -> one -> two -> two.frames -> wide.frames
   = help: delete `width`; it is solved as 4
"""  # noqa: E501
    )


def test_lists_of_another_length_clash(told):
    text = """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  one: {module: toy.total, from: [data.frames, data.frames]}
  two: {use: one, from: [data.frames, one.frames, data.frames]}
"""
    said = told(text)
    assert said.startswith("error[PG031]: ")
    assert said.count("error[") == 1
    assert told(text.replace(", one.frames, data", ", data")) == ""


NODE = "  right: {use: left, from: left.frames}\n"


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (
            "  right: {use: lft, from: left.frames}\n",
            """\
error[PG045]: there is no node `lft` to use
  --> top.yaml:5:16
   |
 5 |   right: {use: lft, from: left.frames}
   |                ^^^
   = help: did you mean `left`?
""",
        ),
        (
            "  right: {use: right, from: left.frames}\n",
            """\
error[PG045]: `use` runs in a circle: right -> right
  --> top.yaml:5:16
   |
 5 |   right: {use: right, from: left.frames}
   |                ^^^^^
""",
        ),
        (
            "  right: {use: more, from: left.frames}\n  more: {use: again}\n  again: {use: more}\n",
            """\
error[PG045]: `use` runs in a circle: more -> again -> more
  --> top.yaml:6:15
   |
 6 |   more: {use: again}
   |               ^^^^^
""",
        ),
        (
            "  right: {use: left, from: left.frames, with: {width: 4}, version: 1}\n",
            """\
error[PG045]: a node with `use` has the `with` of the node that it uses
  --> top.yaml:5:41
   |
 5 |   right: {use: left, from: left.frames, with: {width: 4}, version: 1}
   |                                         ^^^^
   = help: delete `with`, or `use`

error[PG045]: a node with `use` has the `version` of the node that it uses
  --> top.yaml:5:59
   |
 5 |   right: {use: left, from: left.frames, with: {width: 4}, version: 1}
   |                                                           ^^^^^^^
   = help: delete `version`, or `use`
""",
        ),
        (
            "  right: {use: , from: left.frames}\n",
            """\
error[PG009]: `right` does not say which `module` it is
  --> top.yaml:5:3
   |
 5 |   right: {use: , from: left.frames}
   |   ^^^^^
   = help: add `module: …`; `phonograph modules` lists them
""",
        ),
        (
            "  right: {use: [left], from: left.frames}\n",
            """\
error[PG045]: `use` must be the name of a node, got a list
  --> top.yaml:5:16
   |
 5 |   right: {use: [left], from: left.frames}
   |                ^^^^^^
""",
        ),
        (
            "  right: {use: left, from: {frame: left.frames}}\n",
            """\
error[PG012]: `toy.dense` has no input `frame`
  --> top.yaml:5:29
   |
 5 |   right: {use: left, from: {frame: left.frames}}
   |                             ^^^^^
   = help: did you mean `frames`?
""",
        ),
        (
            "  right: {use: left}\n",
            """\
error[PG014]: the input `frames` of `right` (Frames) is not wired
  --> top.yaml:5:3
   |
 5 |   right: {use: left}
   |   ^^^^^
   = help: a source of that kind is `data.frames` or `left.frames`
""",
        ),
    ],
)  # fmt: skip
def test_a_use_that_cannot_be_is_told_once(told, node, said):
    assert told(GRAPH.replace(NODE, node)) == said


def test_what_is_wrong_with_the_owner_is_told_once(told):
    said = told(GRAPH.replace("with: {width: 4}}\n  right", "with: {width: x}}\n  right"))
    assert said.count("error[") == 1
    assert said.startswith("error[PG015]: `width` of `left` wants a whole number")


def test_a_use_of_a_module_that_is_not_there_is_told_once(told):
    said = told(GRAPH.replace("left: {module: toy.dense", "left: {module: toy.dens"))
    assert said.count("error[") == 1
