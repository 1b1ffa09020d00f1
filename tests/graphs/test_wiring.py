"""Wires: the port that fits is found, and lengths come along with their tensor."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonograph.graphs.document import parse_document
from phonograph.graphs.spec import PortName
from phonograph.graphs.spec_reader import read_spec
from phonograph.graphs.wiring import wire_up
from phonograph.types.declaration import declaration_of
from phonograph.types.kinds import Encoded, Frames, Lengths, Loss, Tokens
from phonograph.types.ports import ports
from phonograph.types.registry import register


@register("toy.data", version=1)
class Data:
    @ports(
        out={
            "frames": Frames("B D T"),
            "lengths": Lengths("B", of="T"),
            "tokens": Tokens("B L", vocab=""),
            "token_lengths": Lengths("B", of="L"),
        }
    )
    def collate(self): ...


@register("toy.keep", version=1)
class Keep:
    """Keeps the time and does not repeat its lengths."""

    @ports(features=Frames("B D T"), lengths=Lengths("B", of="T"), out={"frames": Encoded("B D T")})
    def forward(self, features, lengths): ...


@register("toy.halve", version=1)
class Halve:
    @ports(
        features=Frames("B D T"),
        lengths=Lengths("B", of="T"),
        out={"frames": Encoded("B D ceil(T/2)"), "lengths": Lengths("B", of="ceil(T/2)")},
    )
    def forward(self, features, lengths): ...


@register("toy.free", version=1)
class Free:
    """Works without lengths and without the second input."""

    @ports(
        features=Frames("B D T"),
        lengths=Lengths("B", of="T"),
        context=Frames("B C T2"),
        out={"frames": Encoded("B D T")},
    )
    def forward(self, features, lengths=None, context=None): ...


@register("toy.loss", version=1)
class ToyLoss:
    @ports(
        frames=Frames("B D T"),
        lengths=Lengths("B", of="T"),
        targets=Tokens("B L", vocab=""),
        target_lengths=Lengths("B", of="L"),
        out={"loss": Loss("")},
    )
    def forward(self, frames, lengths, targets, target_lengths): ...


MODULES = {"data": Data, "keep": Keep, "halve": Halve, "free": Free, "loss": ToyLoss}


def wire(*nodes):
    """Wire nodes, each written on a line."""
    text = "\n".join(["phonograph: 1", "modules:", *(f"  {node}" for node in nodes)])
    spec, faults = read_spec(parse_document(text, "x", Path()))
    assert faults == []
    declarations = {name: declaration_of(MODULES[node.module]) for name, node in spec.nodes.items()}
    wiring, faults = wire_up(spec, declarations)
    wires = {str(w.target): (str(w.source), w.automatic) for w in wiring.wires}
    return wiring, wires, faults


START = "a: {module: data}"


def test_lengths_come_along_from_where_they_are_stated():
    nodes = ["b: {module: keep, from: a.frames}", "c: {module: keep, from: b.frames}"]
    _, wires, faults = wire(START, *nodes)
    assert faults == []
    assert wires["c.lengths"] == ("a.lengths", True)


def test_lengths_come_from_the_nearest_node_that_states_them():
    _, wires, faults = wire(
        START,
        "b: {module: halve, from: a.frames}",
        "c: {module: keep, from: b.frames}",
        "d: {module: loss, from: {frames: c.frames, targets: a.tokens}}",
    )
    assert faults == []
    assert wires["d.lengths"] == ("b.lengths", True)
    assert wires["d.target_lengths"] == ("a.token_lengths", True)


def test_lengths_that_are_wired_stay_as_wired():
    node = "b: {module: keep, from: {features: a.frames, lengths: a.token_lengths}}"
    _, wires, faults = wire(START, node)
    assert faults == []
    assert wires["b.lengths"] == ("a.token_lengths", False)


def test_optional_inputs_may_stay_unwired():
    _, wires, faults = wire(START, "b: {module: free, from: a.frames}")
    assert faults == []
    assert set(wires) == {"b.features", "b.lengths"}


@pytest.mark.parametrize(
    ("source", "target"), [("a.frames", "b.frames"), ("a.tokens", "b.targets")]
)
def test_the_input_of_the_right_kind_is_found(source, target):
    _, wires, faults = wire(START, f"b: {{module: loss, from: {source}}}")
    assert wires[target] == (source, False)
    assert [fault.code for fault in faults] == ["PG014"]


def test_the_order_follows_the_data_and_else_what_is_written():
    wiring, _, _ = wire(
        "d: {module: keep, from: c.frames}",
        "b: {module: data}",
        "c: {module: halve, from: a.frames}",
        "a: {module: data}",
    )
    assert wiring.order() == ["b", "a", "c", "d"]


def test_the_source_of_an_input_is_found():
    wiring, _, _ = wire(START, "b: {module: keep, from: a.frames}")
    assert wiring.source_of(PortName("b", "features")) == PortName("a", "frames")
    assert wiring.source_of(PortName("a", "nothing")) is None


def test_every_circle_is_cut_and_told():
    circles = {"a": "b", "b": "a", "c": "d", "d": "c"}
    nodes = [f"{name}: {{module: keep, from: {other}.frames}}" for name, other in circles.items()]
    wiring, _, faults = wire(*nodes)
    assert [fault.message for fault in faults] == [
        "the graph runs in a circle: a -> b -> a",
        "the graph runs in a circle: c -> d -> c",
    ]
    assert sorted(wiring.order()) == ["a", "b", "c", "d"]


def test_what_is_suggested_makes_no_circle():
    nodes = ["b: {module: keep}", "c: {module: keep, from: b.frames}", "a: {module: data}"]
    _, _, (fault,) = wire(*nodes)
    assert fault.message == "the input `features` of `b` (Frames) is not wired"
    assert fault.help == "a source of that kind is `a.frames`"


def test_a_node_with_a_fault_is_tainted_and_others_are_not():
    wiring, _, _ = wire(
        START,
        "b: {module: keep, from: a.nothing}",
        "c: {module: keep, from: b.frames}",
        "d: {module: keep, from: a.frames}",
    )
    assert wiring.tainted == {"b"}
