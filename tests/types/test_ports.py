"""`@ports` marks a method and nothing else."""

import pytest

from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import Ports, Several, declared_ports, grouped, item_of, ports


def test_the_method_is_returned_as_it_was():
    def forward(self, frames):
        return frames

    assert ports(frames=Encoded("B D T"), out={"same": Encoded("B D T")})(forward) is forward


def test_the_order_of_ports_is_kept():
    @ports(b=Encoded("B D T"), a=Lengths("B", of="T"), out={"y": Encoded(""), "x": Encoded("")})
    def forward(self, b, a): ...

    declared = declared_ports(forward)
    assert declared is not None
    assert list(declared.inputs) == ["b", "a"]
    assert list(declared.outputs) == ["y", "x"]


def test_a_method_without_ports_has_none():
    assert declared_ports(len) is None


@ports(
    inputs=Several(Frames("B D_i T"), count="count"),
    lengths=Lengths("B", of="T"),
    out={"joined": Encoded("B sum(D_i) T"), "same": Encoded("B D2 T")},
)
def join(self, inputs, lengths): ...


def test_a_list_port_is_declared_with_its_count():
    declared = declared_ports(join)
    assert declared is not None
    assert declared.lists == {"inputs": "count"}
    assert declared.inputs["inputs"].axes == "B D_i T"


@pytest.mark.parametrize("count", [1, 2, 11])
def test_every_item_is_a_port_with_a_width_of_its_own(count):
    declared = declared_ports(join)
    assert declared is not None
    unrolled = declared.unrolled({"inputs": count})
    assert list(unrolled.inputs) == [*(f"inputs.{k}" for k in range(count)), "lengths"]
    assert [kind.axes for kind in unrolled.inputs.values()][:-1] == [
        f"B D_{k} T" for k in range(count)
    ]
    total = "+".join(f"D_{k}" for k in range(count))
    assert unrolled.outputs["joined"].axes == f"B ({total}) T"
    assert unrolled.outputs["same"].axes == "B D2 T"
    assert unrolled.lists == declared.lists


def test_without_lists_nothing_is_unrolled():
    plain = Ports({"x": Frames("B D T")}, {"y": Encoded("B D T")})
    assert plain.unrolled({}) == plain


@pytest.mark.parametrize("names", [["a"], ["a.0", "a.1", "b"], [f"x.{k}" for k in range(12)]])
def test_items_come_back_as_lists_in_order(names):
    values = {name: index for index, name in enumerate(names)}
    again = grouped(values)
    flat = {
        (key if not isinstance(value, list) else f"{key}.{k}"): one
        for key, value in again.items()
        for k, one in enumerate(value if isinstance(value, list) else [value])
    }
    assert flat == values
    assert all(item_of(name)[0] in again for name in names)
