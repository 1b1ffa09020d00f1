"""The one certain edit that mends a fault, where there is one; nothing is guessed between several.

An edit is made only where the file shows, letter by letter, what is to be changed: not for
overrides, nor for what came through an alias or a reference.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from typing import TYPE_CHECKING

from phonograph.errors import Edit, Place, near_names
from phonograph.graphs.node_names import why_not_a_node_name
from phonograph.types.kinds import Lengths

if TYPE_CHECKING:
    from phonograph.graphs.document import Document
    from phonograph.graphs.spec import PortName
    from phonograph.types.declaration import Declaration


def nearest_fix(
    place: Place,
    name: str,
    known: Sequence[str],
    *,
    taken: Container[str] = (),
    around: str = "{}",
) -> Edit | None:
    """Replace a misspelt name by the only known one that resembles it.

    Args:
        place: where the name stands.
        name: as it is written.
        known: names that are possible.
        taken: those that cannot be used, as they are there already.
        around: what is written around the name, such as `mel.{}`.

    >>> nearest_fix(Place("a.yaml", 1, 7, 5, "with: n_mel"), "n_mel", ["n_mels", "hop"]).text
    'n_mels'
    """
    new = only_near(name, known, taken)
    return replaced(place, around.format(name), around.format(new)) if new else None


def only_near(name: str, known: Sequence[str], taken: Container[str] = ()) -> str:
    """Return the only known name that resembles a misspelt one, or nothing."""
    close = near_names(name, known)
    return close[0] if len(close) == 1 and close[0] not in taken else ""


def port_fix(
    place: Place, port: PortName, nodes: Collection[str], declarations: Mapping[str, Declaration]
) -> Edit | None:
    """Correct the node of a `node.port`, or its output; no node whose own name is at fault."""
    if port.node not in nodes:
        new = only_near(port.node, list(nodes))
        if not new or why_not_a_node_name(new):
            return None
        return replaced(place, f"{port.node}.{port.port}", f"{new}.{port.port}")
    if port.node in declarations:
        outputs = list(declarations[port.node].ports.outputs)
        if port.port not in outputs:
            return nearest_fix(place, port.port, outputs, around=f"{port.node}.{{}}")
    return None


def wire_fix(
    document: Document,
    declared: Declaration,
    target: PortName,
    givers: Sequence[str],
    wired: Mapping[PortName, PortName],
) -> Edit | None:
    """Wire an input to the only output that can feed it.

    Args:
        document: the graph as written.
        declared: the module of the node.
        target: the input.
        givers: what can feed it, in backticks.
        wired: input -> output of what is wired already.
    """
    if len(givers) != 1:
        return None
    top, giver = ("modules", target.node), givers[0].strip("`")
    entry, node = f"{target.port}: {giver}", document.data["modules"][target.node]
    match written := node.get("from"):
        case None if "from" not in node:
            text = giver if _wants_one_wire(declared) else f"{{{entry}}}"
            return added(document.key_place(*top, "module"), f"from: {text}")
        case dict() if written:
            return added(document.key_place(*top, "from", list(written)[-1]), entry)
        case str():
            ports = [
                one.port
                for one, source in wired.items()
                if one.node == target.node and str(source) == written
            ]
            if len(ports) == 1:
                text = f"{{{ports[0]}: {written}, {entry}}}"
                return replaced(document.place(*top, "from"), written, text)
    return None


def replaced(place: Place, old: str, new: str) -> Edit | None:
    """Replace a word that stands once at a place; what is around it stays.

    >>> replaced(Place("a.yaml", 1, 7, 8, "from: mell.out"), "mell", "mel").text
    'mel.out'
    """
    written = shown_at(place)
    indirect = written[:1] in ("&", "*", "!")
    if not (old and new) or written.count(old) != 1 or indirect:
        return None
    return Edit(place, written.replace(old, new))


def unquoted(place: Place, text: str) -> Edit | None:
    """Take the quotes away from a number."""
    return Edit(place, text) if text and shown_at(place) in (f'"{text}"', f"'{text}'") else None


def deleted(key: Place, name: str) -> Edit | None:
    """Take a key out, with its value.

    Args:
        key: where the key stands.
        name: the key.
    """
    return Edit(key, action="delete") if shown_at(key).strip("\"'") == name else None


def added(key: Place, text: str, *, before: bool = False) -> Edit | None:
    """Write one more key of a mapping.

    Args:
        key: where one of its keys stands.
        text: key and value.
        before: whether to write it before that key rather than after its value.
    """
    return Edit(key, text, "before" if before else "after") if shown_at(key) else None


def shown_at(place: Place) -> str:
    """Return the text that a place underlines, empty where none is."""
    if not (place.line and place.column):
        return ""
    return place.source[place.column - 1 : place.column - 1 + place.width]


def _wants_one_wire(declared: Declaration) -> bool:
    inputs = declared.ports.inputs.items()
    needed = [n for n, k in inputs if n not in declared.optional if not isinstance(k, Lengths)]
    return len(needed) == 1
