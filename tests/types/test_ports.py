"""`@ports` marks a method and nothing else."""

from phonograph.types.kinds import Encoded, Lengths
from phonograph.types.ports import declared_ports, ports


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
