"""Why a view cannot be exported, said before anything is tried."""

from __future__ import annotations

from collections.abc import Iterator

from phonograph.errors import Diagnostic
from phonograph.graphs.compiled_view import CompiledView
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.views import View


def export_faults(graph: SolvedGraph, compiled: CompiledView) -> list[Diagnostic]:
    """Return every reason known beforehand: what modules say, step-by-step decoders, no tensors.

    Args:
        graph: the solved graph.
        compiled: one of its views.
    """
    view = compiled.view
    faults = [*_unwilling_modules(graph, view), *_step_by_step(graph, view)]
    if not compiled.core_outputs and not faults:
        place = graph.spec.document.key_place("views", view.name)
        message = f"the view `{view.name}` gives no tensors, so there is nothing to export"
        faults.append(Diagnostic("PE003", message, place))
    return faults


def _unwilling_modules(graph: SolvedGraph, view: View) -> Iterator[Diagnostic]:
    for node in map(graph.nodes.__getitem__, view.core):
        reason = getattr(node.declaration.cls, "exports", None)
        if reason:
            place = graph.spec.document.key_place("modules", node.name)
            message = f"`{node.name}` ({node.declaration.id}) cannot be exported: {reason}"
            help = "--view NAME and --run PORT choose what is exported"
            yield Diagnostic("PE001", message, place, help=help)


def _step_by_step(graph: SolvedGraph, view: View) -> Iterator[Diagnostic]:
    """Say that decoders which call a network again and again cannot come along."""
    called: dict[str, list[str]] = {}
    for target, source in view.sources.items():
        if source in view.networks:
            called.setdefault(target.node, []).append(f"`{source.node}`")
    for node, networks in called.items():
        place = graph.spec.document.key_place("modules", node)
        message = (
            f"the view `{view.name}` cannot be exported: `{node}` calls {' and '.join(networks)} "
            "step by step, and an exported file is run once for all steps"
        )
        yield Diagnostic("PE002", message, place, help=_shorter_view(graph, view, node))


def _shorter_view(graph: SolvedGraph, view: View, decoder: str) -> str:
    before = [s for t, s in view.sources.items() if t.node == decoder and s.node in view.core]
    tensors = [port for port in before if port not in graph.counted]  # lengths come along
    return f"what comes before it can be exported: --run {tensors[0]}" if tensors else ""
