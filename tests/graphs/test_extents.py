"""How long every axis is, as a function of where the data began."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from phonograph.graphs.document import parse_document
from phonograph.graphs.extents import Extents
from phonograph.graphs.solve import solve_graph
from phonograph.graphs.solved import Extent
from phonograph.graphs.spec import PortName
from phonograph.graphs.spec_reader import read_spec
from phonograph.types.kinds import Audio, Encoded, Frames, Lengths, Mel
from phonograph.types.ports import ports
from phonograph.types.registry import Registry, register
from phonograph.types.terms import parse_term


@register("toy.data", version=1)
class Data:
    def __init__(self, sample_rate: int) -> None: ...

    @ports(out={"audio": Audio("B S"), "lengths": Lengths("B", of="S")})
    def collate(self): ...


@register("toy.mel", version=1)
class ToyMel:
    def __init__(self, sample_rate: int, hop: float = 0.01) -> None: ...

    @ports(
        audio=Audio("B S"),
        lengths=Lengths("B", of="S"),
        out={
            "features": Mel("B 80 floor(S/(hop*sample_rate))+1"),
            "lengths": Lengths("B", of="floor(S/(hop*sample_rate))+1"),
        },
    )
    def forward(self, audio, lengths): ...


@register("toy.pool", version=1)
class Pool:
    def __init__(self, stride: int) -> None: ...

    @ports(
        features=Frames("B D T"),
        lengths=Lengths("B", of="T"),
        out={"frames": Encoded("B D ceil(T/stride)"), "lengths": Lengths("B", of="ceil(T/stride)")},
    )
    def forward(self, features, lengths): ...


@register("toy.stretch", version=1)
class Stretch:
    """Give as many frames as it likes."""

    @ports(
        features=Frames("B D T"),
        out={"frames": Encoded("B D T2"), "lengths": Lengths("B", of="T2")},
    )
    def forward(self, features): ...


@register("toy.join", version=1)
class Join:
    @ports(first=Frames("B D T"), second=Frames("B D T"), out={"frames": Encoded("B D T")})
    def forward(self, first, second): ...


@register("toy.longer", version=1)
class Longer:
    @ports(frames=Frames("B D T"), out={"frames": Encoded("B D T+1")})
    def forward(self, frames): ...


@register("toy.beside", version=1)
class Beside:
    """Take as many frames, and one more."""

    @ports(more=Frames("B D T+1"), frames=Frames("B D T"), out={"frames": Encoded("B D T")})
    def forward(self, more, frames): ...


TOYS = {
    "data": Data,
    "mel": ToyMel,
    "pool": Pool,
    "stretch": Stretch,
    "join": Join,
    "longer": Longer,
    "beside": Beside,
}
REGISTRY = Registry({name: f"{__name__}:{toy.__name__}" for name, toy in TOYS.items()})
START = """
phonograph: 1
modules:
  data: {module: data, with: {sample_rate: 8000}}
  mel: {module: mel, from: data.audio}
"""


def solve(text):
    return solve_graph(read_spec(parse_document(START + text, "x", Path()))[0], REGISTRY)


def extent_of(text, node, port="frames"):
    graph, faults = solve(text)
    assert faults == []
    (found,) = [size for size in graph.nodes[node].outputs[port].sizes if isinstance(size, Extent)]
    return found


def test_a_front_end_gives_frames_at_its_rate():
    found = extent_of("", "mel", "features")
    assert (found.root, str(found.term)) == ("data.S", "floor(S/80)+1")
    assert found.steps_per_second == 100


def test_strides_multiply():
    text = """
  a: {module: pool, from: mel.features, with: {stride: 2}}
  b: {module: pool, from: a.frames, with: {stride: 3}}
"""
    found = extent_of(text, "b")
    assert found.steps_per_second == Fraction(100, 6)
    assert found.agrees_with(Extent("data.S", parse_term("ceil(ceil((floor(S/80)+1)/2)/3)")))


def test_two_ways_of_equal_length_may_join():
    text = """
  a: {module: pool, from: mel.features, with: {stride: 2}}
  b: {module: pool, from: a.frames, with: {stride: 2}}
  c: {module: pool, from: mel.features, with: {stride: 4}}
  d: {module: join, from: {first: b.frames, second: c.frames}}
"""
    assert extent_of(text, "d").steps_per_second == 25


def test_two_ways_of_other_lengths_may_not_join():
    text = """
  a: {module: pool, from: mel.features, with: {stride: 2}}
  d: {module: join, from: {first: mel.features, second: a.frames}}
"""
    (fault,) = solve(text)[1]
    assert (fault.code, fault.message) == ("PG022", "the inputs of `d` must have one length")


def test_an_axis_that_appears_only_in_the_output_is_fresh():
    found = extent_of("  a: {module: stretch, from: mel.features}\n", "a")
    assert (found.root, found.steps_per_second) == ("a.T2", None)


def test_a_fresh_axis_agrees_with_no_other():
    text = """
  a: {module: stretch, from: mel.features}
  d: {module: join, from: {first: mel.features, second: a.frames}}
"""
    (fault,) = solve(text)[1]
    assert fault.code == "PG022"
    assert fault.causes == (
        "a.frames has T2 steps (a.T2)",
        "mel.features has floor(S/80)+1 steps (data.S, 100 per second)",
    )


def test_one_more_is_compared_whatever_comes_first():
    text = """
  b: {module: beside, from: {more: a.frames, frames: c.frames}}
  a: {module: longer, from: mel.features}
  c: {module: pool, from: mel.features, with: {stride: STRIDE}}
"""
    assert solve(text.replace("STRIDE", "1"))[1] == []
    (fault,) = solve(text.replace("STRIDE", "2"))[1]
    assert (fault.code, fault.message) == ("PG022", "the inputs of `b` must have one length")


def test_lengths_stated_elsewhere_for_an_equal_axis_are_as_good():
    text = """
  a: {module: pool, from: mel.features, with: {stride: 2}}
  b: {module: pool, from: mel.features, with: {stride: 2}}
  c: {module: pool, from: {features: a.frames, lengths: b.lengths}, with: {stride: 1}}
"""
    assert solve(text)[1] == []


def test_lengths_of_another_axis_are_refused():
    wires = "{features: mel.features, lengths: data.lengths}"
    text = f"  a: {{module: pool, from: {wires}, with: {{stride: 2}}}}\n"
    (fault,) = solve(text)[1]
    assert (fault.code, fault.message) == ("PG023", "`a.lengths` gets the lengths of another axis")


def test_outputs_that_state_lengths_know_their_axis():
    graph, _ = solve("  a: {module: pool, from: mel.features, with: {stride: 2}}\n")
    assert graph is not None
    terms = {str(port): str(extent.term) for port, extent in graph.counted.items()}
    assert terms["data.lengths"] == "S"
    assert terms["a.lengths"] == "ceil((floor(S/80)+1)/2)"
    assert graph.output(PortName("a", "frames")).time is not None


@pytest.mark.parametrize("stride", ["0", "'???'"])
def test_a_stride_that_says_nothing_leaves_the_length_open(stride):
    text = f"  a: {{module: pool, from: mel.features, with: {{stride: {stride}}}}}\n"
    graph, faults = solve(text)
    assert faults == []
    assert graph is not None
    assert graph.nodes["a"].outputs["frames"].sizes[-1] == "ceil(T/stride)"


def test_behind_a_node_at_fault_nothing_is_concluded_about_lengths():
    text = """
  a: {module: pool, from: mel.nothing, with: {stride: 2}}
  b: {module: pool, from: a.frames, with: {stride: 2}}
  d: {module: join, from: {first: b.frames, second: mel.features}}
"""
    (fault,) = solve(text)[1]
    assert fault.code == "PG012"


def test_a_term_is_filled_in_only_when_all_is_known():
    axes = {"T": Extent("data.S", parse_term("S/80"), Fraction(8000))}
    found = Extents({"stride": 2}, axes).of(parse_term("ceil(T/stride)"))
    assert found == Extent("data.S", parse_term("ceil(S/80/2)"), Fraction(8000))
    assert Extents({}, axes).of(parse_term("ceil(T/stride)")) is None
    assert Extents({}, axes).of(parse_term("ceil(U/2)")) is None
    assert Extents({"hop": float("nan")}, axes).of(parse_term("T/hop")) is None
