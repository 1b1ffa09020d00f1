"""Graphs and bundles that were written for older versions of their modules."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from phonograph.errors import BundleError
from phonograph.graphs.bundle import open_bundle, save_bundle
from phonograph.graphs.check import check_document
from phonograph.graphs.lock import fingerprint, read_lock, to_lock
from phonograph.graphs.model import build
from phonograph.graphs.module_versions import migrate_weights
from phonograph.graphs.spec import PortName
from phonograph.types.kinds import Encoded, Frames
from phonograph.types.migration import Migration
from phonograph.types.ports import Several, ports
from phonograph.types.registry import register

MIGRATIONS = {
    1: Migration(
        parameters={"size": "hidden", "gain": "factor"},
        inputs={"x": "features"},
        outputs={"y": "encoded", "z": "rest"},
        weights={"proj": "dense", "unused": None},
    ),
    2: Migration(
        parameters={"hidden": "width"},
        inputs={"features": "frames"},
        outputs={"encoded": "frames"},
        weights={"dense": "linear", "dense.scale": "scale"},
        settings=lambda given: {
            **{k: v for k, v in given.items() if k != "factor"},
            **({"decibels": 20 * given["factor"]} if "factor" in given else {}),
        },
    ),
}


@register("toy.third", version=3, migrations=MIGRATIONS)
class Third(nn.Module):
    """Has changed twice: `x`, `y`, `size` became `features`, `encoded`, `hidden`, then these."""

    def __init__(self, feat_in: int, width: int, *, decibels: float = 0.0) -> None:
        super().__init__()
        self.linear = nn.Linear(feat_in, width)
        self.scale = nn.Parameter(torch.ones(width, 1))
        self.decibels = decibels

    @ports(
        frames=Frames("B feat_in T"),
        out={"frames": Encoded("B width T"), "rest": Encoded("B width T")},
    )
    def forward(self, frames):
        found = self.linear(frames.transpose(1, 2)).transpose(1, 2) * self.scale
        return found, -found


@register("toy.lists", version=2, migrations={1: Migration(inputs={"layers": "inputs"})})
class Lists(nn.Module):
    """Renamed its list."""

    @ports(inputs=Several(Frames("B D T")), out={"frames": Encoded("B D T")})
    def forward(self, inputs):
        return sum(inputs)


@register("toy.lost", version=4, migrations={3: Migration()})
class Lost(nn.Module):
    """Nothing leads from versions 1 and 2."""

    @ports(frames=Frames("B D T"), out={"frames": Encoded("B D T")})
    def forward(self, frames):
        return frames


@register("toy.moved", version=2, migrations={1: Migration(parameters={"file": "one"})})
class Moved:
    """Renamed its file."""

    def __init__(self, one: Path | None = None) -> None: ...

    @ports(out={"frames": Frames("B 4 T")})
    def collate(self): ...


OLD = """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  first: {module: toy.third, version: 1, from: {x: data.frames}, with: {size: 5, gain: 2}}
  last: {module: toy.dense, from: first.y, with: {width: 2}}
  twin: {use: first, from: {x: data.frames}}
  sum: {module: toy.lists, version: 1, from: {layers: [first.z, twin.y]}}
views:
  infer: {feed: [data.frames], run: [first.y, last.frames, sum.frames]}
"""
NEW = """\
phonograph: 1
modules:
  data: {module: toy.frames, with: {width: 4}}
  first: {module: toy.third, from: {frames: data.frames}, with: {width: 5, decibels: 40}}
  last: {module: toy.dense, from: first.frames, with: {width: 2}}
  twin: {use: first, from: {frames: data.frames}}
  sum: {module: toy.lists, from: {inputs: [first.rest, twin.frames]}}
views:
  infer: {feed: [data.frames], run: [first.frames, last.frames, sum.frames]}
"""


@pytest.fixture
def registry(toys):
    return toys.toy_registry(third=Third, lists=Lists, lost=Lost)


@pytest.fixture
def check(check_files, registry):
    return lambda text, **files: check_files({"top.yaml": text, **files}, registry=registry)


def told(checked):
    return "\n".join(f"{fault}\n" for fault in checked.faults)


def test_a_graph_of_an_old_version_means_the_same_as_one_of_the_new(check):
    old, new = check(OLD), check(NEW)
    assert old.faults == new.faults == ()
    assert to_lock(old.graph) == to_lock(new.graph)


def test_a_version_between_begins_there(check):
    between = OLD.replace(
        "version: 1, from: {x: data.frames}, with: {size: 5, gain: 2}",
        "version: 2, from: {features: data.frames}, with: {hidden: 5, factor: 2}",
    )
    between = between.replace("first.y", "first.encoded").replace("twin.y", "twin.encoded")
    between = between.replace("first, from: {x:", "first, from: {features:").replace(
        "first.z", "first.rest"
    )
    checked = check(between)
    assert told(checked) == ""
    assert to_lock(checked.graph) == to_lock(check(NEW).graph)


def test_without_a_version_the_newest_is_meant(check):
    assert told(check(NEW.replace("width: 5,", "size: 5,"))).startswith(
        "error[PG011]: `toy.third` has no parameter `size`"
    )
    same = NEW.replace("toy.third,", "toy.third, version: 3,")
    assert to_lock(check(same).graph) == to_lock(check(NEW).graph)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "size: 5",
            "size: five",
            """\
error[PG015]: `width` of `first` wants a whole number, got the text "five"
  --> top.yaml:4:79
   |
 4 |   first: {module: toy.third, version: 1, from: {x: data.frames}, with: {size: five, gain: 2}}
   |                                                                               ^^^^
""",
        ),
        (
            "version: 1, from: {x",
            "version: 4, from: {x",
            """\
error[PG046]: `first` is written for version 4 of toy.third; version 3 is installed
  --> top.yaml:4:39
   |
 4 |   first: {module: toy.third, version: 4, from: {x: data.frames}, with: {size: 5, gain: 2}}
   |                                       ^
   = help: install the version of the package that wrote it, or a newer one
""",
        ),
        (
            "version: 1, from: {x",
            "version: 0, from: {x",
            """\
error[PG046]: `first` is written for version 0 of toy.third, from which nothing leads to version 3
  --> top.yaml:4:39
   |
 4 |   first: {module: toy.third, version: 0, from: {x: data.frames}, with: {size: 5, gain: 2}}
   |                                       ^
   = help: install the version of the package that wrote it, or a newer one
""",
        ),
        (
            "last: {module: toy.dense, from: first.y, with: {width: 2}}",
            "last: {module: toy.lost, from: first.y, version: 2}",
            """\
error[PG046]: `last` is written for version 2 of toy.lost, from which nothing leads to version 4
  --> top.yaml:5:52
   |
 5 |   last: {module: toy.lost, from: first.y, version: 2}
   |                                                    ^
   = help: install the version of the package that wrote it, or a newer one
""",
        ),
        (
            "size: 5",
            "size: 5, hidden: 5",
            """\
error[PG046]: `first` is written for version 1 of toy.third: both `size` and its newer name `hidden` are given
  --> top.yaml:4:39
   |
 4 |   first: {module: toy.third, version: 1, from: {x: data.frames}, with: {size: 5, hidden: 5, gain: 2}}
   |                                       ^
""",  # noqa: E501
        ),
        (
            "gain: 2",
            "gain: [2, {}]",
            """\
error[PG015]: `decibels` of `first` wants a number, got a list
  --> top.yaml:4:72
   |
 4 |   first: {module: toy.third, version: 1, from: {x: data.frames}, with: {size: 5, gain: [2, {}]}}
   |                                                                        ^^^^^^^^^^^^^^^^^^^^^^^^
""",  # noqa: E501
        ),
        (
            "gain: 2",
            "gain: {}",
            """\
error[PG046]: `first` is written for version 1 of toy.third: its settings cannot be read: TypeError("unsupported operand type(s) for *: 'int' and 'dict'")
  --> top.yaml:4:39
   |
 4 |   first: {module: toy.third, version: 1, from: {x: data.frames}, with: {size: 5, gain: {}}}
   |                                       ^
""",  # noqa: E501
        ),
        (
            "from: {x: data.frames}, with",
            "from: {x: data.frames, features: data.frames}, with",
            """\
error[PG046]: `first` is written for version 1 of toy.third: both `x` and its newer name `features` are given
  --> top.yaml:4:39
   |
 4 |   first: {module: toy.third, version: 1, from: {x: data.frames, features: data.frames}, with: {size: 5, gain: 2}}
   |                                       ^
""",  # noqa: E501
        ),
        (
            "from: first.y, with",
            "from: first.w, with",
            """\
error[PG012]: `first` (toy.third) has no output `w`
  --> top.yaml:5:35
   |
 5 |   last: {module: toy.dense, from: first.w, with: {width: 2}}
   |                                   ^^^^^^^
   = help: known are `frames`, `rest`
""",
        ),
        (
            "version: 1, from: {x",
            "version: one, from: {x",
            """\
error[PG009]: `version` must be a whole number, got the text "one"
  --> top.yaml:4:39
   |
 4 |   first: {module: toy.third, version: one, from: {x: data.frames}, with: {size: 5, gain: 2}}
   |                                       ^^^
""",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_once_where_it_is_written(check, old, new, said):
    assert OLD.count(old) == 1
    assert told(check(OLD.replace(old, new))) == said


def test_a_part_of_an_old_version_exposes_its_ports_by_their_new_names(check):
    part = "phonograph: 1\nexpose: {inputs: {in: a.x}, outputs: {out: a.y}}\n"
    part += "modules: {a: {module: toy.third, version: 1, with: {size: 5}}}\n"
    top = "phonograph: 1\nmodules:\n  data: {module: toy.frames, with: {width: 4}}\n"
    top += (
        "  e: {module: part.yaml, from: data.frames}\n  last: {module: toy.square, from: e.out}\n"
    )
    checked = check(top, **{"part.yaml": part})
    assert told(checked) == ""
    assert checked.graph.wiring.source_of(PortName("last", "frames")) == PortName("e.a", "frames")


def test_a_path_keeps_its_folder_under_its_new_name(check_files, toys, tmp_path):
    base = "phonograph: 1\nmodules: {m: {module: toy.moved, version: 1, with: {file: a.txt}}}\n"
    checked = check_files(
        {"top.yaml": "phonograph: 1\nextends: deep/base.yaml\n", "deep/base.yaml": base},
        registry=toys.toy_registry(moved=Moved),
    )
    assert told(checked) == ""
    assert checked.graph.nodes["m"].parameters["one"] == tmp_path / "deep" / "a.txt"


# a bundle as a program with version 1 of the module wrote it
LOCK: dict[str, Any] = {
    "phonograph": 1,
    "name": "old",
    "modules": {
        "data": {"module": "toy.frames", "with": {"width": 4}},
        "first": {
            "module": "toy.third",
            "from": {"x": "data.frames"},
            "with": {"feat_in": 4, "gain": 2.0, "size": 5},
        },
    },
    "views": {"infer": {"run": ["first.y"], "feed": ["data.frames"]}},
}


def old_weights():
    draw = torch.Generator().manual_seed(1)
    return {
        "first.proj.weight": torch.randn(5, 4, generator=draw),
        "first.proj.bias": torch.randn(5, generator=draw),
        "first.proj.scale": torch.rand(5, 1, generator=draw),
        "first.unused": torch.ones(3),
    }


def write_old(path, lock, weights, check, registry):
    graph = check_document(read_lock(LOCK, "lock"), registry).graph
    assert graph is not None
    save_bundle(path, graph, weights, {})
    other = path.with_name(f"new-{path.name}")
    notes = {"fingerprint": fingerprint(lock)}
    members = {"graph.json": json.dumps(lock), "notes.json": json.dumps(notes)}
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(other, "w") as out:
        for name in archive.namelist():
            out.writestr(name, members.get(name) or archive.read(name))
    return other


def test_a_bundle_of_an_old_version_opens_with_its_weights_renamed(tmp_path, check, registry):
    weights = old_weights()
    path = write_old(tmp_path / "x.phono", LOCK, weights, check, registry)
    model = open_bundle(path, registry)
    found = model.module.state_dict()
    assert set(found) == {"first.linear.weight", "first.linear.bias", "first.scale"}
    assert torch.equal(found["first.linear.weight"], weights["first.proj.weight"])
    assert torch.equal(found["first.scale"], weights["first.proj.scale"])
    assert model.graph.nodes["first"].parameters == {"feat_in": 4, "width": 5, "decibels": 40.0}
    assert to_lock(model.graph)["modules"]["first"]["version"] == 3


def test_a_bundle_of_a_newer_version_is_refused(tmp_path, check, registry):
    newer = {
        **LOCK,
        "modules": {**LOCK["modules"], "first": {**LOCK["modules"]["first"], "version": 9}},
    }
    path = write_old(tmp_path / "x.phono", newer, old_weights(), check, registry)
    with pytest.raises(BundleError) as caught:
        open_bundle(path, registry)
    assert (
        str(caught.value)
        == f"""\
error[PG046]: `first` is written for version 9 of toy.third; version 3 is installed
  --> {path}
   = help: install the version of the package that wrote it, or a newer one"""
    )


def test_weights_of_other_nodes_and_of_users_stay(check, registry):
    graph = check(OLD).graph
    weights = {"last.proj.weight": 1, "first.proj.weight": 2, "first.dense.x": 3, "ghost.y": 4}
    assert migrate_weights(graph.spec, registry, weights) == {
        "last.proj.weight": 1,
        "first.linear.weight": 2,
        "first.linear.x": 3,
        "ghost.y": 4,
    }


def test_a_graph_of_an_old_version_is_built_as_one_of_the_new(check):
    old, new = (build(check(text).graph) for text in (OLD, NEW))
    assert list(old.module.state_dict()) == list(new.module.state_dict())
