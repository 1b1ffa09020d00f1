"""What is known of a graph after an attempt to prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phonograph.errors import Diagnostic
from phonograph.graphs.declare import DeclaredNode
from phonograph.graphs.extents import Axes
from phonograph.graphs.spec import GraphSpec
from phonograph.graphs.wires import Wiring
from phonograph.types.components import Conflict
from phonograph.types.declaration import Declaration
from phonograph.types.solver import Solution


@dataclass(frozen=True, slots=True)
class Proof:
    """A graph as far as it could be solved, and what is wrong with it.

    Args:
        spec: the graph as written, for the newest versions of its modules.
        nodes: declared nodes, in the order in which data flows.
        wiring: all wires that hold.
        solution: sizes, rates and vocabularies.
        values: node -> every name its terms may use.
        axes: node -> axis -> extent.
        faults: everything that is wrong.
        conflicts: those of the faults that are values which contradict each other.
    """

    spec: GraphSpec
    nodes: Mapping[str, DeclaredNode]
    wiring: Wiring
    solution: Solution
    values: dict[str, dict[str, Any]]
    axes: dict[str, Axes]
    faults: list[Diagnostic]
    conflicts: Mapping[Diagnostic, Conflict]

    @property
    def declarations(self) -> dict[str, Declaration]:
        """The declaration of every node whose module is known."""
        return {name: node.declaration for name, node in self.nodes.items()}
