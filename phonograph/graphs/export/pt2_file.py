"""A program as a `.pt2` file of PyTorch, and how such a file is run to check it."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx
from torch.export import ExportedProgram

from phonograph.graphs.export.quiet import quiet

NOTES = "phonograph.json"
"""The name of the notes among the file's extra files."""

_START_STATES = {"lstm": 2, "gru": 1, "relu": 1}


def write_pt2(program: ExportedProgram, notes: Mapping[str, str], path: Path) -> None:
    """Write a program that needs PyTorch only.

    Args:
        program: what `trace` gave; recurrent layers in it become PyTorch's own.
        notes: go into the file's extra files.
        path: where it goes.
    """
    for module in program.graph_module.modules():
        if isinstance(module, fx.GraphModule):
            _use_own_recurrence(module)
    with quiet():
        torch.export.save(program, path, extra_files={NOTES: json.dumps(dict(notes), indent=1)})


class Pt2Runner:
    """Runs a `.pt2` file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        with quiet():
            self._module = torch.export.load(path).module()

    def __call__(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute the outputs by name from inputs by name."""
        with torch.no_grad():
            return dict(self._module(**given))


def _use_own_recurrence(module: fx.GraphModule) -> None:
    calls = [node for node in module.graph.nodes if str(node.target) == _OURS]
    for call in calls:
        with module.graph.inserting_before(call):
            read = _own(module.graph, *call.args)
        read.meta["val"] = call.meta["val"]
        call.replace_all_uses_with(read)
        module.graph.erase_node(call)
    if calls:
        module.recompile()


_OURS = "phonograph.recurrence.default"


def _own(graph: fx.Graph, frames: Any, weights: Any, cell: Any) -> fx.Node:
    """Call PyTorch's layer, which keeps its loop, from a state of zeros."""
    layers = torch.ops.aten
    call = {"lstm": layers.lstm.input, "gru": layers.gru.input, "relu": layers.rnn_relu.input}
    value, hidden = frames.meta["val"], weights[1].meta["val"].shape[1]
    batch = graph.call_function(layers.sym_size.int, (frames, 1))
    batch.meta["val"] = value.shape[1]
    zeros = graph.call_function(layers.new_zeros.default, (frames, [1, batch, hidden]))
    zeros.meta["val"] = value.new_zeros(1, value.shape[1], hidden)
    start = [zeros, zeros] if cell == "lstm" else zeros
    layer = graph.call_function(
        call[cell], (frames, start, list(weights), True, 1, 0.0, False, False, False)
    )
    states = [zeros.meta["val"]] * _START_STATES[cell]
    layer.meta["val"] = (value.new_empty(*value.shape[:2], hidden), *states)
    return graph.call_function(operator.getitem, (layer, 0))
