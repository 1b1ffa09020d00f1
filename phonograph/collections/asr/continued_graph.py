"""What of a checkpoint's graph another graph can go on from: sound to encoded frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any

from phonograph.graphs.model import build
from phonograph.graphs.parameters import to_plain
from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.spec import PortName
from phonograph.types.kinds import Audio, Frames, Lengths, Scores
from phonograph.types.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Continued:
    """The nodes of a checkpoint that another graph keeps.

    Args:
        nodes: name and YAML of each, in order.
        encoded: the port with the encoded frames.
        with_weights: names of the nodes that have weights.
        sample_rate: samples per second that the checkpoint hears.
    """

    nodes: tuple[tuple[str, Mapping[str, Any]], ...]
    encoded: str
    with_weights: tuple[str, ...]
    sample_rate: int


def continued(graph: SolvedGraph) -> Continued:
    """Keep what lies between the sound and the first scores.

    Args:
        graph: of a checkpoint.

    Raises:
        ValueError: no node encodes sound.
    """
    encoded = _last_frames(graph)
    kept = list(_behind(graph, encoded.node))
    counts = build(graph, device="meta").parameter_counts()
    return Continued(
        nodes=tuple((name, _written(graph, graph.nodes[name])) for name in kept),
        encoded=str(encoded),
        with_weights=tuple(name for name in kept if counts.get(name)),
        sample_rate=_rate(graph, kept),
    )


def _last_frames(graph: SolvedGraph) -> PortName:
    """Return the frames that are scored; without scores, the last that are encoded."""
    hearing = {name for name in graph.nodes if _hears(graph, name)}
    scoring = (
        source
        for node in graph.nodes.values()
        if any(isinstance(port.kind, Scores) for port in node.outputs.values())
        for source in _sources(graph, node)
        if source.node in hearing and isinstance(graph.output(source).kind, Frames)
    )
    giving = (
        PortName(name, port)
        for name in reversed(list(graph.nodes))
        if name in hearing
        for port, solved in graph.nodes[name].outputs.items()
        if isinstance(solved.kind, Frames)
    )
    found = next(scoring, None) or next(giving, None)
    if found is None:
        raise ValueError("no node of its graph encodes sound")
    return found


def _hears(graph: SolvedGraph, name: str) -> bool:
    """Whether everything that a node takes is computed from sound."""
    node = graph.nodes[name]
    if node.declaration.is_source:
        return False
    return all(
        isinstance(graph.output(source).kind, Audio)
        if graph.nodes[source.node].declaration.is_source
        else _hears(graph, source.node)
        for source in _sources(graph, node)
    )


def _behind(graph: SolvedGraph, name: str) -> Iterator[str]:
    """Give a node and all before it, without the data layer, in order."""
    needed, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current in needed or graph.nodes[current].declaration.is_source:
            continue
        needed.add(current)
        waiting += [source.node for source in _sources(graph, graph.nodes[current])]
    return (node for node in graph.nodes if node in needed)


def _sources(graph: SolvedGraph, node: SolvedNode) -> Iterator[PortName]:
    for port, solved in node.inputs.items():
        source = graph.wiring.source_of(PortName(node.name, port))
        if source is not None and not isinstance(solved.kind, Lengths):
            yield source


def _written(graph: SolvedGraph, node: SolvedNode) -> Mapping[str, Any]:
    sources = {
        port: _renamed(graph, source)
        for port, solved in node.inputs.items()
        if not isinstance(solved.kind, Lengths)
        if (source := graph.wiring.source_of(PortName(node.name, port))) is not None
    }
    arguments = dict(_arguments(node))
    given: Any = sources if len(sources) > 1 else next(iter(sources.values()))
    written: dict[str, Any] = {"module": node.declaration.id, "from": given}
    written |= {"only": node.only} if node.only else {}
    return {**written, "with": arguments} if arguments else written


def _renamed(graph: SolvedGraph, source: PortName) -> str:
    is_data = graph.nodes[source.node].declaration.is_source
    return "data.audio" if is_data else str(source)


def _arguments(node: SolvedNode) -> Iterator[tuple[str, Any]]:
    """Give what differs from the defaults; what wires decide is left to them."""
    for name, parameter in node.declaration.parameters.items():
        if parameter.required and name in node.declaration.solvable:
            continue
        value = node.parameters[name]
        plain = _apart(value)
        if plain not in (None, {}) and to_plain(value) != to_plain(parameter.default):
            yield name, plain


def _apart(value: Any) -> Any:
    """Turn a value into plain data; of settings, what differs from their own defaults."""
    if isinstance(value, list | tuple):
        return [_apart(item) for item in value]
    if not is_dataclass(value) or isinstance(value, Vocabulary):
        return to_plain(value)
    settings = ((field, getattr(value, field.name)) for field in fields(value))
    return {
        field.name: _apart(now)
        for field, now in settings
        if to_plain(now) != to_plain(_default(field))
    }


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _rate(graph: SolvedGraph, kept: list[str]) -> int:
    rates = (
        rate
        for name in kept
        for port in graph.nodes[name].inputs.values()
        if isinstance(rate := port.attributes.get("rate"), Fraction)
    )
    return int(next(rates))
