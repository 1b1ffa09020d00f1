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

MAX_ITEMS = 256


def counts_of(node: NodeSpec, ports: Ports) -> dict[str, int]:
    """Return how many items each list port of a node gets, from 1 to 256.

    Args:
        node: as written.
        ports: of its module, not unrolled.
    """
    named = [item_of(key)[0] if key is not None else "" for key in node.sources]
    counts = {name: named.count(name) + named.count("") for name in ports.lists}
    return {name: min(max(count, 1), MAX_ITEMS) for name, count in counts.items()}


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
    if len(node.sources) > MAX_ITEMS and declared.ports.lists:
        message = f"`{declared.id}` takes at most {MAX_ITEMS} outputs, got {len(node.sources)}"
        help = "combine some of them first"
        return Diagnostic("PG003", message, document.place("modules", node.name, "from"), help=help)
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
