"""A view written down as a program of PyTorch's own operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, fx
from torch.export import Dim, ExportedProgram

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.export.exported_view import ExportedView
from phonograph.graphs.export.quiet import quiet

_PORTABLE = ("phonograph::recurrence",)
"""Our operators for which every format has a form."""


def trace(view: ExportedView, given: Mapping[str, Tensor]) -> ExportedProgram:
    """Write a view down for any size of the axes that have a letter.

    Args:
        view: what to write down; its modules are put into evaluation mode.
        given: an example of its inputs, of two utterances: a size of one would be taken for a
            constant.

    Raises:
        GraphError: it does something that depends on values or sizes, or uses an operator that
            exists in phonograph only.
    """
    view.module.eval()
    free = {port.name: _free(port.axes) for port in view.inputs}
    try:
        # with gradients modules write nothing in place, which an exporter would undo at length
        with quiet(), torch.enable_grad():
            program = torch.export.export(view.module, (), dict(given), dynamic_shapes=free)
    except Exception as error:
        raise failure(view, error) from error
    faults = list(_own_operators(view, program))
    if faults:
        raise GraphError(faults)
    return program


def failure(view: ExportedView, error: Exception) -> GraphError:
    """Turn what an exporter raised into a diagnostic that names the node it happened in."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = f"the view `{view.view.name}` cannot be exported"
    causes = tuple(lines[:3]) or (type(error).__name__,)
    return GraphError(Diagnostic("PE005", message, causes=causes))


def _free(axes: tuple[str | int, ...]) -> dict[int, Any]:
    return {place: Dim.DYNAMIC for place, axis in enumerate(axes) if isinstance(axis, str)}


def _own_operators(view: ExportedView, program: ExportedProgram) -> Iterator[Diagnostic]:
    modules = program.graph_module.modules()
    graphs = [module.graph for module in modules if isinstance(module, fx.GraphModule)]
    for node in (node for graph in graphs for node in graph.nodes):
        name = str(node.target).replace(".", "::", 1).partition(".")[0]
        if name.startswith("phonograph::") and name not in _PORTABLE:
            at = _node_of(view, node)
            place = view.graph.spec.document.key_place("modules", at)
            message = f"`{at}` cannot be exported: only phonograph has the operator {name}"
            yield Diagnostic("PE006", message, place)


def _node_of(view: ExportedView, call: fx.Node) -> str:
    """Return which node of the graph a call in a traced program belongs to, or nothing."""
    inside = list(call.meta.get("nn_module_stack", {}).values())
    return view.graph.spec.split(inside[1][0])[0] if len(inside) > 1 else ""
