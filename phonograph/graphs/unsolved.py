"""What nothing gives: parameters left out that no wire decides, each group reported once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import networkx as nx

from phonograph.errors import Diagnostic
from phonograph.graphs.declare import DeclaredNode
from phonograph.graphs.equations import Equations
from phonograph.graphs.parameters import is_open
from phonograph.graphs.spec import GraphSpec
from phonograph.types.equalities import Sum, Unknown
from phonograph.types.solver import Solution
from phonograph.types.vocabulary import Vocabulary


def unsolved_faults(
    spec: GraphSpec,
    nodes: Mapping[str, DeclaredNode],
    equations: Equations,
    solution: Solution,
    unclear: frozenset[str],
) -> list[Diagnostic]:
    """Return what cannot be inferred.

    Args:
        spec: the graph as written.
        nodes: declared nodes, in the order in which data flows.
        equations: what ties unknowns together.
        solution: what was found.
        unclear: nodes with a fault, and those that may have been meant to feed them.
    """
    finder = _Finder(spec, nodes, solution, unclear)
    return [*finder.never_given(), *finder.tied(equations)]


class _Finder:
    def __init__(
        self,
        spec: GraphSpec,
        nodes: Mapping[str, DeclaredNode],
        solution: Solution,
        unclear: frozenset[str],
    ) -> None:
        self.spec = spec
        self.nodes = nodes
        self.solution = solution
        self.unclear = unclear

    def never_given(self) -> Iterator[Diagnostic]:
        """Report required parameters that travel along no wire."""
        for name, node in self.nodes.items():
            if node.owner or node.unclear or self.spec.nodes[name].unclear:  # or only misspelt
                continue
            written = self.spec.nodes[name].parameters
            for parameter in node.declaration.parameters.values():
                decided = parameter.name in {*written, *node.declaration.solvable}
                if parameter.required and not decided:
                    yield self._fault(Unknown(name, parameter.name), "is missing")

    def tied(self, equations: Equations) -> Iterator[Diagnostic]:
        """Report, once for each group that wires tie together, what no member of it says.

        What is reported counts as given from there on, so that a sum reports only what would
        still be open then.
        """
        groups = self._groups(equations)
        open_groups = _OpenGroups(groups, equations.sums, self.solution)
        for group in groups:
            if open_groups.follows(group):
                continue
            if not any(self._excused(member) for member in group):
                yield from self._first_fault([one for one in group if self._is_parameter(one)])
            open_groups.close(group)

    def _groups(self, equations: Equations) -> list[list[Unknown]]:
        """Return the unknowns that wires make equal, in the order in which data flows."""
        ties = nx.Graph()
        ties.add_nodes_from(
            Unknown(name, parameter)
            for name, node in self.nodes.items()
            for parameter in node.declaration.parameters
            if parameter in node.declaration.solvable
        )
        rank = {unknown: position for position, unknown in enumerate(ties)}
        ties.add_edges_from((link.left, link.right) for link in equations.links)
        for one in equations.sums:
            ties.add_nodes_from([one.total, *(part for part, _ in one.parts)])
        last = len(rank)
        return [
            sorted(group, key=lambda unknown: (rank.get(unknown, last), unknown))
            for group in nx.connected_components(ties)
        ]

    def _is_parameter(self, unknown: Unknown) -> bool:
        return unknown.name in self.nodes[unknown.node].declaration.solvable

    def _excused(self, unknown: Unknown) -> bool:
        given = self.nodes[unknown.node].given
        return unknown.node in self.unclear or is_open(given.get(unknown.name))

    def _first_fault(self, members: Sequence[Unknown]) -> Iterator[Diagnostic]:
        without = [member for member in members if self._lacks_value(member)]
        sizes_only = [member for member in members if self._lacks_tokens(member)]
        if without:
            others = " and ".join(f"`{other}`" for other in without[1:])
            causes = (f"wires make it equal to {others}, which nothing gives either",)
            yield self._fault(without[0], "cannot be inferred", causes if others else ())
        elif sizes_only:
            value = self.solution.values[sizes_only[0]]
            origin = self.solution.reasons[sizes_only[0]].source
            cause = f"only their number is known: {value}, from {origin}"
            message = "cannot be inferred: it needs the tokens themselves"
            help = "wire the tokens of a data layer to the loss, or give the data layer a tokenizer"
            yield self._fault(sizes_only[0], message, (cause,), help)

    def _lacks_value(self, unknown: Unknown) -> bool:
        node = self.nodes[unknown.node]
        decided = unknown in self.solution.values or unknown.name in node.given
        return node.declaration.parameters[unknown.name].required and not decided

    def _lacks_tokens(self, unknown: Unknown) -> bool:
        parameter = self.nodes[unknown.node].declaration.parameters[unknown.name]
        value = self.solution.values.get(unknown)
        return parameter.wants_tokens and value is not None and not isinstance(value, Vocabulary)

    def _fault(
        self, unknown: Unknown, message: str, causes: tuple[str, ...] = (), help: str = ""
    ) -> Diagnostic:
        place = self.spec.document.key_place("modules", unknown.node)
        message = f"`{unknown.name}` of `{unknown.node}` {message}"
        help = help or f"give it: with: {{{unknown.name}: …}}"
        return Diagnostic("PG033", message, place, causes=causes, help=help)


class _OpenGroups:
    """Keeps count of the groups without a value that each sum still waits for."""

    def __init__(
        self, groups: Sequence[Sequence[Unknown]], sums: Sequence[Sum], solution: Solution
    ) -> None:
        self._home = {one: number for number, group in enumerate(groups) for one in group}
        self._closed: set[int] = set()
        self._sums_of: dict[int, list[set[int]]] = {}
        for one in sums:
            members = (one.total, *(part for part, _ in one.parts))
            waiting = {self._home[each] for each in members if each not in solution.values}
            for number in waiting:
                self._sums_of.setdefault(number, []).append(waiting)

    def follows(self, group: Sequence[Unknown]) -> bool:
        """Whether a sum decides a group, once those that were closed have their values."""
        return self._home[group[0]] in self._closed

    def close(self, group: Sequence[Unknown]) -> None:
        """Count a group as decided, and all that follows by sums."""
        closing = [self._home[group[0]]]
        for number in closing:  # grows while it is walked
            self._closed.add(number)
            for waiting in self._sums_of.get(number, ()):
                waiting.discard(number)
                closing += waiting - self._closed if len(waiting) == 1 else ()
