"""What differs between the same node of two solved graphs: what was changed, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from phonograph.graphs.assemble import FRAME_PERIOD
from phonograph.graphs.changes import ABSENT, Change, changes, comparable, settings_in
from phonograph.graphs.port_difference import described, port_changes
from phonograph.graphs.renames import sources_of
from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.written_at import origin_of
from phonograph.types.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class NodeDifference:
    """One node that differs.

    Args:
        name: its name; of the graph before where it was removed.
        old_name: its name before; None where it was added.
        new_name: its name after; None where it was removed.
        module: the module's id, after where it has one.
        settings: the module, its parameters, `only`, `use`: what somebody wrote otherwise. For a
            node that was added or removed, those other than the defaults.
        wires: inputs that something else feeds.
        solved: parameters that the solver found otherwise.
        outputs: what it gives otherwise: kind, shape, rate, vocabulary.
    """

    name: str
    old_name: str | None
    new_name: str | None
    module: str
    settings: tuple[Change, ...] = ()
    wires: tuple[Change, ...] = ()
    solved: tuple[Change, ...] = ()
    outputs: tuple[Change, ...] = ()

    @property
    def status(self) -> str:
        """`added`, `removed`, `renamed`, `changed`, or `follows` when only solved values differ."""
        if self.old_name is None or self.new_name is None:
            return "added" if self.old_name is None else "removed"
        if self.old_name != self.new_name:
            return "renamed"
        return "changed" if self.settings or self.wires else "follows"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        renamed = {"was": self.old_name} if self.status == "renamed" else {}
        return {
            "name": self.name,
            **renamed,
            "status": self.status,
            "module": self.module,
            "settings": [change.to_json() for change in self.settings],
            "wires": [change.to_json() for change in self.wires],
            "solved": [change.to_json() for change in self.solved],
            "outputs": [change.to_json() for change in self.outputs],
        }


@dataclass(frozen=True, slots=True)
class Side:
    """One of two graphs.

    Args:
        graph: the solved graph.
        finished: whether it comes from a bundle, where every solved value is written and no path.
        owners: node that uses the weights of another -> that one, by the names after.
    """

    graph: SolvedGraph
    finished: bool = False
    owners: Mapping[str, str] = field(default_factory=dict)

    def chose(self, node: str, parameter: str) -> bool:
        """Whether somebody decided a value, rather than the solver."""
        declared = self.graph.nodes[node].declaration
        if parameter != FRAME_PERIOD and parameter not in declared.solvable:
            return True
        written = parameter in self.graph.spec.nodes[node].parameters
        required = parameter == FRAME_PERIOD or declared.parameters[parameter].required
        return written and not (self.finished and required)

    def origin(self, node: str, parameter: str, *inside: str) -> str:
        """Say where a parameter's value comes from: its line, `default` or `solved`."""
        if not self.chose(node, parameter) and not self.finished:
            return "solved"
        return origin_of(self.graph.spec.document, "modules", node, "with", parameter, *inside)


def node_difference(
    before: Side, after: Side, old_name: str, new_name: str, renamed: Mapping[str, str]
) -> NodeDifference | None:
    """Compare a node of one graph with a node of another, None when nothing differs.

    Args:
        before: the one graph.
        after: the other graph.
        old_name: the node's name before.
        new_name: the node's name after.
        renamed: every node's old name -> its new name.
    """
    node, other = before.graph.nodes[old_name], after.graph.nodes[new_name]
    settings: list[Change] = []
    solved: list[Change] = []
    if node.declaration.id != other.declaration.id:
        settings.append(Change("module", node.declaration.id, other.declaration.id))
    for change in _parameter_changes(before, after, node, other):
        name = change.what.partition(".")[0]
        chosen = any(
            name in one.declaration.parameters and side.chose(one.name, name)
            for side, one in ((before, node), (after, other))
        )
        (settings if chosen else solved).append(change)
    special = {"use": before.owners.get(new_name), "only": node.only}
    others = {"use": after.owners.get(new_name), "only": other.only}
    settings += changes(_given(special), _given(others))
    outputs = tuple(_output_changes(node, other))
    wires = tuple(_wire_changes(before.graph, after.graph, old_name, new_name, renamed))
    found = NodeDifference(
        name=new_name,
        old_name=old_name,
        new_name=new_name,
        module=other.declaration.id,
        settings=tuple(settings),
        wires=wires,
        solved=tuple(solved),
        outputs=outputs,
    )
    differs = settings or wires or solved or outputs or old_name != new_name
    return found if differs else None


def _given(facts: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in facts.items() if value is not None}


def node_added(after: Side, name: str) -> NodeDifference:
    """Describe a node that only the second graph has."""
    node = after.graph.nodes[name]
    settings = [Change(key, ABSENT, value) for key, value in _own_settings(after, node)]
    if owner := after.owners.get(name):
        settings = [Change("use", ABSENT, owner)]
    wires = [
        Change(port, ABSENT, ", ".join(map(str, given)))
        for port, given in sources_of(after.graph, name, {}).items()
    ]
    return NodeDifference(name, None, name, node.declaration.id, tuple(settings), tuple(wires))


def node_removed(before: Side, name: str) -> NodeDifference:
    """Describe a node that only the first graph has."""
    node = before.graph.nodes[name]
    settings = tuple(Change(key, value, ABSENT) for key, value in _own_settings(before, node))
    return NodeDifference(name, name, None, node.declaration.id, settings)


def _own_settings(side: Side, node: SolvedNode) -> Iterator[tuple[str, Any]]:
    """Give the settings that somebody chose and that are not the defaults."""
    for name, parameter in node.declaration.parameters.items():
        value, default = node.parameters[name], parameter.default
        if side.chose(node.name, name) and (parameter.required or value != default):
            yield name, comparable(_without_defaults(value), paths=not side.finished)


def _without_defaults(value: Any) -> Any:
    """Leave out of a group of settings what is there by default."""
    inside = settings_in(value)
    if inside is None or isinstance(value, Vocabulary):
        return value
    defaults = {one.name: one.default for one in fields(value)}
    others = {name: one for name, one in inside.items() if one != defaults[name]}
    return {name: _without_defaults(one) for name, one in others.items()}


def _parameter_changes(
    before: Side, after: Side, node: SolvedNode, other: SolvedNode
) -> Iterator[Change]:
    paths = not (before.finished or after.finished)
    if node.declaration.id == other.declaration.id:
        values = {k: comparable(v, paths=paths) for k, v in node.parameters.items()}
        others = {k: comparable(v, paths=paths) for k, v in other.parameters.items()}
    else:  # of another module, what it has by default says nothing
        shared = node.parameters.keys() & other.parameters.keys()
        values = _telling(before, node, shared, paths=paths)
        others = _telling(after, other, shared, paths=paths)
    for change in changes(values, others):
        name, *inside = change.what.split(".")
        known = name in other.parameters and change.after is not ABSENT
        origin = after.origin(other.name, name, *inside) if known else ""
        yield replace(change, origin=origin)


def _telling(side: Side, node: SolvedNode, shared: set[str], *, paths: bool) -> dict[str, Any]:
    both = {name: comparable(node.parameters[name], paths=paths) for name in shared}
    return both | {name: value for name, value in _own_settings(side, node) if name not in shared}


def _output_changes(node: SolvedNode, other: SolvedNode) -> Iterator[Change]:
    for port in dict.fromkeys([*node.outputs, *other.outputs]):
        one, two = node.outputs.get(port), other.outputs.get(port)
        if one is not None and two is not None:
            yield from port_changes(port, one, two)
        elif one is not None:
            yield Change(port, described(one), ABSENT)
        elif two is not None:
            yield Change(port, ABSENT, described(two))


def _wire_changes(
    before: SolvedGraph,
    after: SolvedGraph,
    old_name: str,
    new_name: str,
    renamed: Mapping[str, str],
) -> Iterator[Change]:
    given = _spelt_sources(before, old_name, renamed)
    yield from changes(given, _spelt_sources(after, new_name, {}))


def _spelt_sources(graph: SolvedGraph, node: str, renamed: Mapping[str, str]) -> dict[str, str]:
    sources = sources_of(graph, node, renamed)
    return {port: ", ".join(map(str, given)) for port, given in sources.items()}
