"""A view for a stream: block by block, with what its modules keep going in and coming out."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.export.exported_view import ExportedPort, ExportedView, cut_out, part_of
from phonograph.graphs.export.refusals import export_faults
from phonograph.graphs.export.stages import Stage, StageStep, blocks_of, stages_of
from phonograph.graphs.model import Model
from phonograph.graphs.solved import SolvedNode
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View
from phonograph.types.kinds import Kind, Lengths, Mask
from phonograph.types.streaming import Streaming

VALID, NEXT = "valid", "next_"
"""The output that marks valid steps, and what begins the name of a state's next value."""


@dataclass(frozen=True, slots=True)
class StreamView:
    """A view that takes one block of its input at a time.

    Args:
        step: what is written down: a block, its valid steps and the states in; outputs, which of
            their steps are valid, and the next states out.
        whole: the same from whole utterances.
        start: state -> its values before anything was heard, [1, ...].
        block: steps of a block.
        blocks_after_end: blocks without valid steps after an utterance's end until its last step
            came out, at most.
    """

    step: ExportedView
    whole: ExportedView
    start: Mapping[str, Tensor]
    block: int
    blocks_after_end: int

    def example(self) -> dict[str, Tensor]:
        """Draw the inputs of a first step of two utterances."""
        first, lengths = self.step.inputs[:2]
        sizes = [2 if axis == "B" else int(axis) for axis in first.axes]
        block = torch.randn(sizes, generator=torch.Generator().manual_seed(0))
        return {first.name: block, lengths.name: torch.full((2,), self.block), **self.states(2)}

    def states(self, batch: int) -> dict[str, Tensor]:
        """Return the states before anything was heard."""
        return {name: torch.cat([value] * batch) for name, value in self.start.items()}

    @property
    def state_names(self) -> tuple[str, ...]:
        """The states, as they go in and as they come out."""
        return (*self.start, *(NEXT + name for name in self.start))

    def time_of(self, port: ExportedPort) -> int:
        """Return which axis of a port of `whole` is time."""
        return next(place for place, axis in enumerate(port.axes) if axis in self.whole.extents)


def stream_view(model: Model, name: str, run: Sequence[str] = ()) -> StreamView:
    """Take the part of a view out that can be run block by block.

    Modules that carry a state are `Streaming`; others work step by step anyway when they take no
    lengths.

    Args:
        model: the built graph, in evaluation.
        name: the view.
        run: ports to compute instead of the view's.

    Raises:
        GraphError: PE011, everything in the view that cannot be run block by block.
    """
    compiled = part_of(model, name, run)
    faults = export_faults(model.graph, compiled) or streaming_faults(model, compiled.view)
    if faults:
        raise GraphError(faults)
    wanted = [port for port in compiled.core_outputs if port not in model.graph.counted]
    whole = cut_out(model, compiled.view, wanted, compiled.view.inputs)
    stages = list(stages_of(model, compiled.view))
    start = {name: value for stage in stages for name, value in stage.states.items()}
    block, after_end = blocks_of(stages)
    bare = replace(whole, module=_wired(whole, stages), outputs=())
    bare = replace(bare, inputs=_taken(model, whole, stages, block))
    found = StreamView(bare, whole, start, block, after_end)
    return replace(found, step=replace(bare, outputs=_given(model, found)))


def streaming_faults(model: Model, view: View) -> list[Diagnostic]:
    """Return what keeps a view from being run block by block.

    Args:
        model: the built graph.
        view: one of its views.
    """
    faults = []
    for node in map(model.graph.nodes.__getitem__, view.core):
        if reason := _why_not(model, node):
            message = f"`{node.name}` ({node.declaration.id}) cannot stream: {reason}"
            place = model.graph.spec.document.key_place("modules", node.name)
            faults.append(Diagnostic("PE011", message, place))
    streaming = [name for name in view.core if isinstance(model.modules.get(name), Streaming)]
    place = model.graph.spec.document.key_place("views", view.name)
    if not streaming and not faults:
        message = f"the view `{view.name}` has no module with a state that a stream could carry on"
        faults.append(Diagnostic("PE011", message, place))
    for port in view.outputs if streaming and not faults else ():
        if port.node in view.core[: view.core.index(streaming[-1])]:
            message = f"`{port}` cannot stream together with what comes after `{streaming[-1]}`"
            faults.append(Diagnostic("PE011", message, place, help="--run PORT chooses"))
    return faults


def _why_not(model: Model, node: SolvedNode) -> str | None:
    module = model.modules.get(node.name)
    if isinstance(module, Streaming):
        return module.no_stream
    if not any(isinstance(kind, Lengths) for kind in node.declaration.ports.inputs.values()):
        return None
    if node.declaration.steps_ahead(node.parameters) == math.inf:
        return "a step of its output depends on all of the utterance"
    return "it has no `step_blocks`"


def _marked(given: Tensor, first: Tensor, until: Tensor, axis: int) -> Tensor:
    steps = torch.arange(given.shape[axis], device=given.device)
    return (steps >= first.unsqueeze(1)) & (steps < until.unsqueeze(1))


def _wired(whole: ExportedView, stages: Sequence[Stage]) -> fx.GraphModule:
    """Write the whole view down once more, its stages with their states."""
    traced = fx.Graph()
    given: dict[str, Any] = {port.name: traced.placeholder(port.name) for port in whole.inputs}
    before = {stage.name: [traced.placeholder(n) for n in stage.states] for stage in stages}
    values: dict[fx.Node, Any] = {}
    after: dict[str, Any] = {}
    results: Mapping[str, Any] = {}
    lengths = given[whole.inputs[1].name]
    for node in whole.module.graph.nodes:
        match node.op, node.target:
            case "placeholder", name:
                values[node] = given[name]
            case "call_module", str(name) if name in before:
                x = values[node.all_input_nodes[0]]
                step = traced.call_module(name, (x, lengths, before[name]))
                for place, state in enumerate(before[name], start=3):
                    after[NEXT + state.name] = _item(traced, step, place)
                read, lengths = (_item(traced, step, place) for place in (0, 1))
                marks = (read, _item(traced, step, 2), lengths, -1)
                alone = len(whole.graph.nodes[name].declaration.ports.returned) == 1
                values[node] = read if alone else step
            case "output", _:
                results = fx.node.map_arg(node.args[0], values.__getitem__)
            case _:
                values[node] = traced.node_copy(node, values.__getitem__)
    valid = traced.call_function(_marked, marks)
    scores = {port.name: results[port.name] for port in whole.outputs if not port.counts}
    traced.output({**scores, VALID: valid, **after})
    root = nn.Module()
    for name, module in whole.module.named_children():
        root.add_module(name, module)
    for stage in stages:
        root.add_module(stage.name, StageStep(stage))
    return fx.GraphModule(root, traced, class_name="StreamStep").eval()


def _item(traced: fx.Graph, value: fx.Node, place: int) -> fx.Node:
    return traced.call_function(operator.getitem, (value, place))


def _taken(
    model: Model, whole: ExportedView, stages: Sequence[Stage], block: int
) -> tuple[ExportedPort, ...]:
    first, lengths = whole.inputs
    fixed = tuple(axis if axis == "B" or isinstance(axis, int) else block for axis in first.axes)
    states = (
        ExportedPort(name, _tensor_of(model, stage.name), Kind(), _sizes(value), "")
        for stage in stages
        for name, value in stage.states.items()
    )
    return replace(first, axes=fixed), replace(lengths, counts=""), *states


def _given(model: Model, view: StreamView) -> tuple[ExportedPort, ...]:
    """Describe what a step gives, whose sizes are seen when it is run."""
    given = view.example()
    with torch.no_grad():
        results = view.step.module(*given.values())
    states = {port.name: port.port for port in view.step.inputs[2:]}
    grown = {
        port.node
        for name, port in states.items()
        if given[name].shape != results[NEXT + name].shape
    }
    if grown:
        document = model.graph.spec.document
        message = "`{}` cannot stream: it keeps ever more of what it heard"
        help = "limit what it sees before"
        places = {name: document.key_place("modules", name) for name in sorted(grown)}
        raise GraphError(
            [Diagnostic("PE011", message.format(n), at, help=help) for n, at in places.items()]
        )
    scores = [port for port in view.whole.outputs if not port.counts]
    known = {port.name: port for port in scores}
    valid = ExportedPort(VALID, scores[0].port, Mask(), (), "")
    following = {NEXT + p.name: replace(p, name=NEXT + p.name) for p in view.step.inputs[2:]}
    known |= {VALID: valid, **following}
    return tuple(replace(known[name], axes=_sizes(value)) for name, value in results.items())


def _tensor_of(model: Model, node: str) -> PortName:
    """Return the output of a node that is no lengths."""
    return PortName(node, next(iter(model.graph.nodes[node].declaration.ports.returned)))


def _sizes(value: Tensor) -> tuple[str | int, ...]:
    return ("B", *value.shape[1:])
