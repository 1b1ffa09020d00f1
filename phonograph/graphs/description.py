"""A graph as rows to be shown: nodes, ports, sizes, wires, views."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from phonograph.graphs.axis_letters import Axis
from phonograph.graphs.cost import SECONDS, NodeCost, Total
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import View


@dataclass(frozen=True, slots=True)
class PortRow:
    """One port.

    Args:
        name: the port's name.
        kind: what flows through it.
        sizes: a letter, a number or a formula for each axis.
        sample_rate: samples per second of audio, else None.
        period_ms: milliseconds from one frame to the next, None for audio and without time.
        look_ahead_ms: milliseconds beyond its own time that decide a value, infinite where the
            whole utterance does; None without time.
        vocabulary: the tokens it is about, in a few words, or empty.
        counts: the letter of the axis whose steps an output of kind Lengths counts, or empty.
        origins: where its sizes came from, a sentence each.
    """

    name: str
    kind: str
    sizes: tuple[str | int, ...]
    sample_rate: int | None
    period_ms: float | None
    look_ahead_ms: float | None
    vocabulary: str
    counts: str
    origins: tuple[str, ...] = ()

    @property
    def shape(self) -> str:
        """The sizes on one line, such as `B x 80 x T`."""
        return " x ".join(map(str, self.sizes))

    def to_json(self) -> dict[str, Any]:
        """Plain data, without what does not apply."""
        row = {
            "name": self.name,
            "kind": self.kind,
            "sizes": list(self.sizes),
            "sample_rate": self.sample_rate,
            "frame_period_ms": self.period_ms,
            "look_ahead_ms": "all" if self.look_ahead_ms == math.inf else self.look_ahead_ms,
            "vocabulary": self.vocabulary,
            "counts": self.counts,
            "origins": list(self.origins),
        }
        return {key: value for key, value in row.items() if value not in (None, "", [])}


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node.

    Args:
        name: the node's name.
        module: the id of its module.
        version: the module's version.
        arguments: every constructor argument as plain data, long ones shortened.
        parameters: number of weights; 0 where another node counts them.
        frozen: whether training leaves all of its weights alone.
        cached: whether it belongs to the frozen prefix, which is computed once per utterance.
        host: whether it handles text, outside of the tensor core.
        only: the one view in which it exists, or None.
        inputs: input ports.
        outputs: output ports.
        use: the node that owns its weights, or None where it owns them itself.
        loss: whether it gives what training makes small.
        summary: what its module does, in a sentence.
        origins: arguments that were solved -> where they came from.
        cost: what it costs, or None where that was not estimated.
    """

    name: str
    module: str
    version: int
    arguments: Mapping[str, Any]
    parameters: int
    frozen: bool
    cached: bool
    host: bool
    only: str | None
    inputs: tuple[PortRow, ...]
    outputs: tuple[PortRow, ...]
    use: str | None = None
    loss: bool = False
    summary: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)
    cost: NodeCost | None = None

    @property
    def role(self) -> str:
        """What part it plays: `data`, `module`, `loss` or `host`."""
        if not self.inputs:
            return "data"
        return "loss" if self.loss else "host" if self.host else "module"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is special about it, in a few words each."""
        only = (f"{self.only} only",) if self.only else ()
        shared = (f"weights of {self.use}",) if self.use else ()
        frozen = ("frozen",) if self.frozen else ()
        return (*only, *shared, *frozen, *(("cached",) if self.cached else ()))

    def to_json(self) -> dict[str, Any]:
        """Plain data; `with` is spelt as in YAML."""
        return {
            "name": self.name,
            "module": self.module,
            "version": self.version,
            "role": self.role,
            "with": dict(self.arguments),
            "origins": dict(self.origins),
            "parameters": self.parameters,
            "cost": self.cost.to_json() if self.cost else None,
            "frozen": self.frozen,
            "only": self.only,
            "use": self.use,
            "inputs": [port.to_json() for port in self.inputs],
            "outputs": [port.to_json() for port in self.outputs],
        }


@dataclass(frozen=True, slots=True)
class WireRow:
    """One wire.

    Args:
        source: the port that gives.
        target: the port that takes.
        automatic: whether it was added because lengths follow their tensor.
        label: kind and shape of what flows.
    """

    source: PortName
    target: PortName
    automatic: bool
    label: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        ends = {"source": str(self.source), "target": str(self.target)}
        return {**ends, "automatic": self.automatic}


@dataclass(frozen=True, slots=True)
class Description:
    """A graph, or one of its views, as rows.

    Args:
        name: the graph's name.
        nodes: nodes in the order in which data flows.
        wires: wires between those nodes.
        views: every view of the graph.
        axes: the letters used in shapes.
        left_open: settings that are still `???`.
        totals: what each view costs; empty where that was not estimated.
    """

    name: str
    nodes: tuple[NodeRow, ...]
    wires: tuple[WireRow, ...]
    views: tuple[View, ...]
    axes: tuple[Axis, ...]
    left_open: tuple[str, ...]
    totals: Mapping[str, Total] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Number of weights of all nodes, shared ones once."""
        return sum(node.parameters for node in self.nodes)

    @property
    def look_ahead_ms(self) -> float | None:
        """The longest look-ahead of any port; None without time."""
        found = (port.look_ahead_ms for node in self.nodes for port in node.outputs)
        return max((ahead for ahead in found if ahead is not None), default=None)

    @property
    def prefix(self) -> tuple[str, ...]:
        """Nodes that are computed once per utterance."""
        return tuple(node.name for node in self.nodes if node.cached)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `parameters` is the total number of weights."""
        return {
            "name": self.name,
            "parameters": self.parameters,
            "nodes": [node.to_json() for node in self.nodes],
            "wires": [wire.to_json() for wire in self.wires],
            "views": {view.name: _view(view) for view in self.views},
            "costs": {
                "seconds": SECONDS,
                "views": {name: total.to_json() for name, total in self.totals.items()},
            },
            "axes": {axis.letter: axis.to_json() for axis in self.axes},
            "prefix": list(self.prefix),
            "left_open": list(self.left_open),
        }


def _view(view: View) -> dict[str, Any]:
    return {
        "split": view.split,
        "inputs": [str(port) for port in view.inputs],
        "outputs": [str(port) for port in view.outputs],
        "score": {m: [str(heard), str(said)] for m, (heard, said) in view.score.items()},
        "core": list(view.core),
        "tail": list(view.tail),
    }
