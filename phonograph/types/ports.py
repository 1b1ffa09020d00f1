"""`@ports`: what a module takes and gives, written beside the method that does it.

A list port, `inputs=Several(Frames("B D_i T"))`, takes any number of wires. In its axes `D_i` is a
width of each item's own, `D` one that all items share; an output may have their sum, `sum(D_i)`.
In a graph the items are ports of their own, `inputs.0`, `inputs.1`; the method gets a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from phonograph.types.kinds import Kind, Network

Function = TypeVar("Function", bound=Callable[..., object])

_ATTRIBUTE = "__phonograph_ports__"

_OWN = re.compile(r"\b([A-Z]\w*)_i\b")
_SUM = re.compile(r"\bsum\(([A-Z]\w*)_i\)")


@dataclass(frozen=True, slots=True)
class Several:
    """An input that takes a list.

    Args:
        kind: of each item.
        count: the parameter that holds the number of items, or empty; it is solved then.
    """

    kind: Kind
    count: str = ""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a module, in the order in which its method takes and returns them.

    Args:
        inputs: input ports by name; of a list port, each item after `unrolled`.
        outputs: output ports by name.
        lists: list port -> the parameter that holds its number of items, or empty.
    """

    inputs: Mapping[str, Kind]
    outputs: Mapping[str, Kind]
    lists: Mapping[str, str] = field(default_factory=dict)

    @property
    def returned(self) -> Mapping[str, Kind]:
        """The outputs that the method returns: all but the network itself."""
        return {name: kind for name, kind in self.outputs.items() if not isinstance(kind, Network)}

    def unrolled(self, counts: Mapping[str, int]) -> Ports:
        """Return the same ports with an input for every item of the list ports.

        Args:
            counts: list port -> its number of items, at least 1.

        >>> from phonograph.types.kinds import Frames
        >>> joined = Ports({"x": Frames("B D_i T")}, {"y": Frames("B sum(D_i) T")}, {"x": ""})
        >>> pair = joined.unrolled({"x": 2})
        >>> {name: kind.axes for name, kind in {**pair.inputs, **pair.outputs}.items()}
        {'x.0': 'B D_0 T', 'x.1': 'B D_1 T', 'y': 'B (D_0+D_1) T'}
        """
        inputs: dict[str, Kind] = {}
        for name, kind in self.inputs.items():
            if name not in self.lists:
                inputs[name] = kind
                continue
            for item in range(counts[name]):
                axes = _OWN.sub(rf"\g<1>_{item}", kind.axes)
                inputs[f"{name}.{item}"] = replace(kind, axes=axes)
        items = range(max(counts.values(), default=0))
        outputs = {name: _summed(kind, items) for name, kind in self.outputs.items()}
        return Ports(inputs, outputs, self.lists)


def ports(*, out: Mapping[str, Kind], **inputs: Kind | Several) -> Callable[[Function], Function]:
    """Declare the ports of the method below; it is returned unchanged, without a wrapper.

    A method with one output returns it bare; with several, a tuple in the order of `out`; a data
    layer's method returns a mapping by port name.

    Args:
        out: output ports by name.
        **inputs: input ports by the name of the method's argument; `Several` makes a list port.

    >>> from phonograph.types.kinds import Encoded, Lengths
    >>> @ports(frames=Encoded("B D T"), out={"shorter": Encoded("B D ceil(T/2)")})
    ... def forward(self, frames): ...
    >>> declared_ports(forward).outputs["shorter"].axes
    'B D ceil(T/2)'
    """

    def mark(function: Function) -> Function:
        lists = {name: given.count for name, given in inputs.items() if isinstance(given, Several)}
        kinds = {n: i.kind if isinstance(i, Several) else i for n, i in inputs.items()}
        setattr(function, _ATTRIBUTE, Ports(kinds, dict(out), lists))
        return function

    return mark


def declared_ports(function: object) -> Ports | None:
    """Return what `@ports` attached to a method, or None."""
    return getattr(function, _ATTRIBUTE, None)


def item_of(port: str) -> tuple[str, int | None]:
    """Split the name of an item of a list port.

    >>> item_of("inputs.1"), item_of("features")
    (('inputs', 1), ('features', None))
    """
    name, _, item = port.partition(".")
    return name, int(item) if item else None


def grouped(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put the items of list ports into lists, as the method wants them.

    >>> grouped({"inputs.0": "a", "inputs.1": "b", "lengths": "c"})
    {'inputs': ['a', 'b'], 'lengths': 'c'}
    """
    arguments: dict[str, Any] = {}
    for port, value in values.items():
        name, item = item_of(port)
        if item is None:
            arguments[name] = value
        else:
            arguments.setdefault(name, []).append(value)
    return arguments


def _summed(kind: Kind, items: range) -> Kind:
    def spelt(match: re.Match[str]) -> str:
        return "(" + "+".join(f"{match[1]}_{item}" for item in items) + ")"

    return replace(kind, axes=_SUM.sub(spelt, kind.axes)) if "sum(" in kind.axes else kind
