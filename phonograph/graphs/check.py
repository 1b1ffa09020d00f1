"""Prove a graph file before a tensor exists: every independent fault in one go."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from phonograph.errors import Diagnostic, GraphError, nearest
from phonograph.graphs.composites import expand
from phonograph.graphs.document import Document
from phonograph.graphs.extends import read_with_base
from phonograph.graphs.fixes import nearest_fix
from phonograph.graphs.model import sketch
from phonograph.graphs.overrides import resolve
from phonograph.graphs.solve import solve_graph
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.sources import Locate, Sources
from phonograph.graphs.spec import GraphSpec
from phonograph.graphs.spec_reader import read_spec
from phonograph.graphs.unreached import unreached_faults
from phonograph.graphs.views import check_views
from phonograph.graphs.weight_names import init_faults
from phonograph.types.registry import Registry

CheckSettings = Callable[[GraphSpec, SolvedGraph | None], list[Diagnostic]]
"""Returns what is wrong with `train`; the solved graph is None where it does not hold."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: a solved graph, or faults."""

    graph: SolvedGraph | None
    faults: tuple[Diagnostic, ...]


def check_graph(
    path: Path,
    overrides: Sequence[str],
    registry: Registry,
    *,
    name: str | None = None,
    metrics: Container[str] | None = None,
    locate: Locate | None = None,
    settings: CheckSettings | None = None,
) -> Checked:
    """Check a YAML graph.

    Args:
        path: the file.
        overrides: `key=value` texts.
        registry: the modules that may be named.
        name: what to call the file in messages.
        metrics: names that `score` may use; None accepts any.
        locate: finds the shipped recipes that a graph may extend.
        settings: checks the section `train`, also of a graph that does not hold.
    """
    sources = Sources.around(path, locate)
    try:
        document = resolve(read_with_base(path, name, sources), overrides)
        document, faults = expand(document, sources)
    except GraphError as error:
        return Checked(None, _once_each(error.diagnostics))
    checked = check_document(document, registry, metrics=metrics, settings=settings)
    if not faults:
        return checked
    return Checked(None, _once_each([*faults, *checked.faults]))


def check_document(
    document: Document,
    registry: Registry,
    *,
    metrics: Container[str] | None = None,
    to_train: bool = True,
    settings: CheckSettings | None = None,
) -> Checked:
    """Check a graph that was already read.

    Args:
        document: the graph with its overrides applied.
        registry: the modules that may be named.
        metrics: names that `score` may use; None accepts any.
        to_train: whether every weight has to be reached by a loss or frozen; in a lock, which has
            no `init`, nobody can tell.
        settings: checks the section `train`, also of a graph that does not hold.
    """
    spec, unreadable = read_spec(document)
    graph, faults = solve_graph(spec, registry)
    faults += [*unreadable, *_score_faults(spec, metrics)]
    if graph is not None and not unreadable:
        faults += check_views(graph)
        faults += _build_faults(graph, to_train=to_train and not faults)
    if settings is not None:
        faults += settings(spec, None if faults else graph)
    return Checked(None if faults else graph, _once_each(faults))


def _once_each(faults: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort faults by their place, and tell those that read the same only once."""
    told: dict[tuple[str, str], list[Diagnostic]] = {}
    for fault in sorted(faults, key=_position):
        told.setdefault((fault.code, fault.message), []).append(fault)
    return tuple(_joined(first, more) for first, *more in told.values())


def _joined(first: Diagnostic, more: Sequence[Diagnostic]) -> Diagnostic:
    told = dict.fromkeys(str(fault.place) for fault in more if fault.place)
    places = [place for place in told if place != str(first.place)]
    if not places:
        return first
    rest = f" and {len(places) - 3} more" if len(places) > 3 else ""
    cause = f"the same at {', '.join(places[:3])}{rest}"
    return replace(first, causes=(*first.causes, cause))


def _position(fault: Diagnostic) -> tuple[str, int, int]:
    place = fault.place
    # overrides have no lines; they stay in the order in which they were found
    return (place.file, place.line, place.column) if place and place.line else ("", 0, 0)


def _build_faults(graph: SolvedGraph, *, to_train: bool) -> list[Diagnostic]:
    """Call every constructor whose arguments are known, without memory for weights."""
    try:
        model = sketch(graph)
    except GraphError as error:
        return list(error.diagnostics)
    faults = init_faults(model) if len(model.modules) == len(graph.nodes) else []
    return faults + unreached_faults(model) if to_train else faults


def load_graph(
    path: Path,
    overrides: Sequence[str],
    registry: Registry,
    *,
    name: str | None = None,
    metrics: Container[str] | None = None,
    locate: Locate | None = None,
) -> SolvedGraph:
    """Check a YAML graph and return it solved.

    Raises:
        GraphError: every fault found.
    """
    checked = check_graph(path, overrides, registry, name=name, metrics=metrics, locate=locate)
    if checked.graph is None:
        raise GraphError(checked.faults)
    return checked.graph


def _score_faults(spec: GraphSpec, metrics: Container[str] | None) -> list[Diagnostic]:
    faults = []
    for view in spec.views.values():
        for metric in view.score:
            if metrics is not None and metric not in metrics:
                place = spec.document.key_place("views", view.name, "score", metric)
                known = list(metrics) if isinstance(metrics, Mapping | Sequence) else []
                help, fix = (
                    nearest(metric, known),
                    nearest_fix(place, metric, known, taken=view.score),
                )
                message = f"unknown metric `{metric}`"
                faults.append(Diagnostic("PG041", message, place, help=help, fix=fix))
    return faults
