"""List ports as written: `from: {inputs: [a.encoded, b.encoded]}`, or `from: [a.encoded, …]`.

A key of `NodeSpec.sources` is a port, an item such as `inputs.1`, `.1` for an item of the only list
port, or None for the one input that fits.
"""

from __future__ import annotations

from phonograph.errors import Diagnostic
from phonograph.graphs.document import Document
from phonograph.graphs.spec import NodeSpec
from phonograph.types.declaration import Declaration
from phonograph.types.ports import Ports, item_of


def counts_of(node: NodeSpec, ports: Ports) -> dict[str, int]:
    """Return how many items each list port of a node gets, at least 1.

    Args:
        node: as written.
        ports: of its module, not unrolled.
    """
    named = [item_of(key)[0] if key is not None else "" for key in node.sources]
    return {name: max(named.count(name) + named.count(""), 1) for name in ports.lists}


def target_of(key: str | None, ports: Ports) -> str | None:
    """Return the port that a key of `sources` names; None stands for the one that fits."""
    if key is None:
        return None
    name, item = item_of(key)
    name = name or next(iter(ports.lists), "")
    return f"{name}.{item or 0}" if name in ports.lists else key


def trail_of(key: str | None) -> tuple[str | int, ...]:
    """Return where a source stands below its node.

    >>> trail_of("inputs.1"), trail_of(".0"), trail_of("features"), trail_of(None)
    (('from', 'inputs', 1), ('from', 0), ('from', 'features'), ('from',))
    """
    if key is None:
        return ("from",)
    name, item = item_of(key)
    return ("from", *([name] if name else []), *([] if item is None else [item]))


def trail_to(node: NodeSpec, port: str) -> tuple[str | int, ...]:
    """Return where the source of a port stands below its node, however it was written."""
    _, item = item_of(port)
    short = None if item is None else f".{item}"
    return trail_of(next((key for key in (port, short) if key in node.sources), port))


def list_fault(node: NodeSpec, declared: Declaration, document: Document) -> Diagnostic | None:
    """Return what is wrong with the lists under `from`, or None."""
    for key in node.sources:
        name, item = item_of(key or "")
        if item is None or name in declared.ports.lists:
            continue
        if name == "" and len(declared.ports.lists) == 1:
            continue
        if name and name not in declared.ports.inputs:  # told as a name that is unknown
            continue
        subject = f"the input `{name}` of `{declared.id}`" if name else f"`{declared.id}`"
        given = [other for other in node.sources if item_of(other or "")[0] == name]
        combine = "combine them first, for example with combine.sum"
        help = combine if len(given) > 1 else "write it without the brackets"
        place = document.place("modules", node.name, *trail_of(key)[:-1])
        return Diagnostic("PG025", f"{subject} takes one output, not a list", place, help=help)
    return None
