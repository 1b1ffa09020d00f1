"""What differs between the same output of two solved graphs: kind, sizes, rate, vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from phonograph.graphs.changes import ABSENT, Change
from phonograph.graphs.joins import role_of_term
from phonograph.graphs.solved import Extent, SolvedPort
from phonograph.types.axes import Role
from phonograph.types.kinds import Lengths, parse_axes


def port_changes(name: str, before: SolvedPort, after: SolvedPort) -> Iterator[Change]:
    """Compare two outputs.

    The letters of time axes are their roles only; how often a frame comes and how many there are
    is compared apart. Lengths are as their axis.

    Args:
        name: the port's name.
        before: as one graph has it.
        after: as the other has it.
    """
    if isinstance(before.kind, Lengths) and isinstance(after.kind, Lengths):
        return
    facts, others = _facts(before), _facts(after)
    same_rhythm = facts.get("every") == others.get("every")
    for fact in dict.fromkeys([*facts, *others]):
        one, other = facts.get(fact, ABSENT), others.get(fact, ABSENT)
        # another stride changes the number of frames as well: one reason is enough
        if one != other and (fact != "steps" or same_rhythm):
            yield Change(f"{name}.{fact}", one, other)


def described(port: SolvedPort) -> str:
    """Say in a few words what an output gives.

    >>> from phonograph.types.kinds import Loss
    >>> described(SolvedPort(Loss(""), (), {}))
    'Loss'
    """
    facts = _facts(port)
    return ", ".join(str(value) for fact, value in facts.items() if fact != "steps")


def _facts(port: SolvedPort) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": _kind(port)}
    if port.sizes:
        facts["shape"] = _shape(port)
    rate = port.attributes.get("rate")
    if rate is not None:
        facts["rate"] = f"{rate} Hz"
    elif port.time is not None and port.time.steps_per_second:
        facts["every"] = f"every {float(1000 / port.time.steps_per_second):g} ms"
    extents = [size for size in port.sizes if isinstance(size, Extent)]
    if extents:
        facts["steps"] = ", ".join(str(extent.term) for extent in extents)
    if "vocab" in port.attributes:
        vocabulary = port.attributes["vocab"]
        facts["vocabulary"] = f"{vocabulary}" if "," in f"{vocabulary}" else f"{vocabulary} tokens"
    return facts


def _kind(port: SolvedPort) -> str:
    constants = [f"{name} {value}" for name, value in port.kind.constants().items()]
    return f"{port.kind}({', '.join(constants)})" if constants else str(port.kind)


def _shape(port: SolvedPort) -> str:
    """Write the sizes with one letter for time (samples or frames) and one for labels."""
    time = "S" if "rate" in port.attributes else "T"
    sizes = []
    for term, size in zip(parse_axes(port.kind.axes), port.sizes, strict=True):
        label = role_of_term(term) is Role.LABEL
        sizes.append(("L" if label else time) if isinstance(size, Extent) else str(size))
    return " x ".join(sizes)
