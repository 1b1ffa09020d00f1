"""Where the values of a graph are given, what they are sizes of, and how to change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phonograph.errors import Edit, Place
from phonograph.graphs.equations import FROM_DECLARATION
from phonograph.graphs.fixes import deleted
from phonograph.graphs.spec import GraphSpec
from phonograph.types.declaration import Declaration
from phonograph.types.equalities import Anchor, Unknown

Declarations = Mapping[str, Declaration]

VOCABULARY = "vocabulary"
RATE = "sample rate"


@dataclass(frozen=True, slots=True)
class GivenValues:
    """A graph as written, asked about its values.

    Args:
        spec: the graph as written.
        declarations: node -> declaration.
    """

    spec: GraphSpec
    declarations: Declarations

    def place(self, anchor: Anchor) -> Place:
        """Return where a value is given."""
        node, name = self.spec.split(anchor.source)
        if name in self.spec.nodes[node].parameters:
            return self.spec.document.place("modules", node, "with", name)
        return self.spec.document.key_place("modules", node)

    def named(self, anchor: Anchor) -> str:
        """Return the name of a value and where it is given, such as `mel.n_mels (a.yaml:7)`."""
        place = self.place(anchor)
        where = f"{place.file}:{place.line}" if place.line else place.file
        return f"{anchor.source} ({where})"

    def domain(self, *unknowns: Unknown) -> str:
        """Return the first special thing that unknowns count; empty where they are widths."""
        found = (
            type(kind).solved[attribute]
            for unknown in unknowns
            for kind in self.declarations[unknown.node].all_ports()
            for attribute, name in kind.solved_attributes().items()
            if name == unknown.name
        )
        return next(found, "")

    def mend(self, blamed: Anchor, expected: str, other: str) -> str:
        """Say how to make a value what is expected, so that it agrees with another node."""
        node, parameter = self.spec.split(blamed.source)
        if blamed.strength == FROM_DECLARATION:
            return f"`{blamed.source}` is always so: wire another module there, or one in between"
        if blamed.unknown.name != parameter:
            return f"change `{parameter}` of `{node}` so that it gives {expected}"
        if self.declarations[node].is_source:
            return f"make it {expected}, or keep `{node}` apart from `{other}`"
        if not self.spec.document.place("modules", node, "with", parameter).line:
            return f"leave it out; it is solved as {expected}"
        return f"delete `{parameter}`; it is solved as {expected}"

    def deletion(self, blamed: Anchor) -> Edit | None:
        """Delete a parameter where the wires solve it anyway."""
        node, parameter = self.spec.split(blamed.source)
        decides = blamed.unknown.name != parameter or self.declarations[node].is_source
        if blamed.strength == FROM_DECLARATION or decides:
            return None
        key = self.spec.document.key_place("modules", node, "with", parameter)
        return deleted(key, parameter)
