"""Prove a graph file before a tensor exists: every independent fault in one go."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phonograph.errors import Diagnostic, GraphError, nearest
from phonograph.graphs.document import Document, read_document
from phonograph.graphs.model import build
from phonograph.graphs.overrides import resolve
from phonograph.graphs.solve import solve_graph
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec_reader import read_spec
from phonograph.graphs.views import check_views
from phonograph.graphs.weight_names import init_faults
from phonograph.types.registry import Registry


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
) -> Checked:
    """Check a YAML graph.

    Args:
        path: the file.
        overrides: `key=value` texts.
        registry: the modules that may be named.
        name: what to call the file in messages.
        metrics: names that `score` may use; None accepts any.
    """
    try:
        document = resolve(read_document(path, name), overrides)
    except GraphError as error:
        return Checked(None, error.diagnostics)
    return check_document(document, registry, metrics=metrics)


def check_document(
    document: Document, registry: Registry, *, metrics: Container[str] | None = None
) -> Checked:
    """Check a graph that was already read; a lock is read this way too."""
    spec, faults = read_spec(document)
    graph, found = solve_graph(spec, registry)
    faults += found
    if graph is None or faults:
        return Checked(None, tuple(faults))
    faults += check_views(graph)
    faults += _score_faults(graph, metrics)
    try:
        faults += init_faults(build(graph, device="meta"))
    except GraphError as error:
        faults += error.diagnostics
    return Checked(None if faults else graph, tuple(faults))


def load_graph(
    path: Path,
    overrides: Sequence[str],
    registry: Registry,
    *,
    name: str | None = None,
    metrics: Container[str] | None = None,
) -> SolvedGraph:
    """Check a YAML graph and return it solved.

    Raises:
        GraphError: every fault found.
    """
    checked = check_graph(path, overrides, registry, name=name, metrics=metrics)
    if checked.graph is None:
        raise GraphError(checked.faults)
    return checked.graph


def _score_faults(graph: SolvedGraph, metrics: Container[str] | None) -> list[Diagnostic]:
    faults = []
    for view in graph.spec.views.values():
        for metric in view.score:
            if metrics is not None and metric not in metrics:
                place = graph.spec.document.key_place("views", view.name, "score", metric)
                known = list(metrics) if isinstance(metrics, Mapping | Sequence) else []
                help = nearest(metric, known)
                faults.append(Diagnostic("PG041", f"unknown metric `{metric}`", place, help=help))
    return faults
