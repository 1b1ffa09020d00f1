"""`@ports`: what a module takes and gives, written beside the method that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from phonograph.types.kinds import Kind, Network

Function = TypeVar("Function", bound=Callable[..., object])

_ATTRIBUTE = "__phonograph_ports__"


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a module, in the order in which its method takes and returns them."""

    inputs: Mapping[str, Kind]
    outputs: Mapping[str, Kind]

    @property
    def returned(self) -> Mapping[str, Kind]:
        """The outputs that the method returns: all but the network itself."""
        return {name: kind for name, kind in self.outputs.items() if not isinstance(kind, Network)}


def ports(*, out: Mapping[str, Kind], **inputs: Kind) -> Callable[[Function], Function]:
    """Declare the ports of the method below; it is returned unchanged, without a wrapper.

    A method with one output returns it bare; with several, a tuple in the order of `out`; a data
    layer's method returns a mapping by port name.

    Args:
        out: output ports by name.
        **inputs: input ports by the name of the method's argument.

    >>> from phonograph.types.kinds import Encoded, Lengths
    >>> @ports(frames=Encoded("B D T"), out={"shorter": Encoded("B D ceil(T/2)")})
    ... def forward(self, frames): ...
    >>> declared_ports(forward).outputs["shorter"].axes
    'B D ceil(T/2)'
    """

    def mark(function: Function) -> Function:
        setattr(function, _ATTRIBUTE, Ports(dict(inputs), dict(out)))
        return function

    return mark


def declared_ports(function: object) -> Ports | None:
    """Return what `@ports` attached to a method, or None."""
    return getattr(function, _ATTRIBUTE, None)
