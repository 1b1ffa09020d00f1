"""What stands in the rows of a drawing, and what goes between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bend:
    """Where a wire passes a row on its way.

    Args:
        wire: what flows, shared by every wire from the same start.
        row: the row.
    """

    wire: str
    row: int


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire between vertices.

    Args:
        source: vertex it starts from.
        port: where there; wires with the same source and port run together.
        target: vertex it ends at.
    """

    source: str
    port: str
    target: str

    @property
    def key(self) -> str:
        """What it has in common with wires that carry the same."""
        return f"{self.source}.{self.port}"


Vertex = str | Bend
