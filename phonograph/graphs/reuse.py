"""Whether what is reused from a checkpoint still hears, and means, what it did in training.

Both graphs are walked back from every reused node, wire by wire, as far as nodes without weights
reach: there, another setting would change what the node hears without a change of any shape.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from phonograph.errors import Diagnostic
from phonograph.graphs.model import Model, build
from phonograph.graphs.parameters import to_plain
from phonograph.graphs.solved import SolvedGraph, SolvedNode
from phonograph.graphs.spec import PortName
from phonograph.graphs.views import stand_in
from phonograph.types.kinds import Audio
from phonograph.types.vocabulary import Vocabulary

Settings = dict[str, Any]


def reuse_faults(
    model: Model, source: SolvedGraph, reused: Iterable[str], fresh: Mapping[str, str]
) -> list[Diagnostic]:
    """Return what reused nodes would hear or mean otherwise than in training.

    Args:
        model: the built graph.
        source: the graph of the checkpoint.
        reused: names of weights that are taken.
        fresh: names of weights that start anew.
    """
    comparison = _Comparison(model, source, fresh)
    for name in _nodes_of(model.graph, reused):
        comparison.compare_inputs(name, name)
        comparison.compare_vocabularies(name)
    return list(comparison.faults.values())


def changed_settings(
    graph: SolvedGraph, source: SolvedGraph, reused: Iterable[str]
) -> Iterator[str]:
    """Say which settings of reused nodes differ; sizes that are solved are left to the shapes."""
    for name in _nodes_of(graph, reused):
        before, now = _settings(source.nodes[name]), _settings(graph.nodes[name])
        changes = _changes(before, now)
        if changes:
            yield f"{name} ({', '.join(changes)})"


class _Comparison:
    def __init__(self, model: Model, source: SolvedGraph, fresh: Mapping[str, str]) -> None:
        self.graph = model.graph
        self.source = source
        self.fresh = fresh
        self.weights = model.parameter_counts()
        self.weights_before = build(source, device="meta").parameter_counts()
        self.faults: dict[str, Diagnostic] = {}

    def compare_inputs(self, now: str, before: str) -> None:
        """Compare what feeds a node with what fed its counterpart."""
        self._constants_come_along(now)
        for port in self.graph.nodes[now].inputs:
            giver = _giver(self.graph, PortName(now, port))
            giver_before = _giver(self.source, PortName(before, port))
            if giver is not None and giver_before is not None:
                self._compare(giver.node, giver_before.node)

    def compare_vocabularies(self, name: str) -> None:
        """Rows of a head mean the tokens of the vocabulary it was trained with."""
        before, now = _vocabulary(self.source.nodes[name]), _vocabulary(self.graph.nodes[name])
        if before is None or now is None or before == now:
            return
        message = f"`{name}` was trained with another vocabulary"
        causes = (f"it was {_tokens(before)}, it is {_tokens(now)}",)
        help = f"start it anew: init: {{…, exclude: [{name}]}}"
        self._fault(name, "PG054", message, causes, help)

    def _compare(self, now: str, before: str) -> None:
        if now in self.faults or (self.weights[now] and self.weights_before[before]):
            return
        node, node_before = self.graph.nodes[now], self.source.nodes[before]
        weighs = bool(self.weights[now]) == bool(self.weights_before[before])
        if not weighs or node.declaration.is_source != node_before.declaration.is_source:
            message = f"`{now}` stands where the checkpoint has `{before}`"
            causes = (f"`{before}` is {node_before.declaration.id}, `{now}` {node.declaration.id}",)
            self._fault(now, "PG053", message, causes, "wire what is reused as it was in training")
            return
        heard, heard_before = _heard(node), _heard(node_before)
        if heard != heard_before:
            self._heard_otherwise(now, before, heard, heard_before)
        else:
            self.compare_inputs(now, before)

    def _heard_otherwise(
        self, now: str, before: str, heard: Settings, heard_before: Settings
    ) -> None:
        message = f"`{now}` differs from what the checkpoint was trained with"
        if heard.get("module") != heard_before.get("module"):
            changes = _changes({"module": heard_before["module"]}, heard)
            help = f"write {_in_yaml_node(self.source, before)}"
        else:
            changes = _changes(heard_before, heard)
            other = (key for key, value in heard_before.items() if heard.get(key) != value)
            help = "set " + ", ".join(f"{key}: {_in_yaml(heard_before[key])}" for key in other)
        self._fault(now, "PG053", message, tuple(changes), help)

    def _constants_come_along(self, name: str) -> None:
        anew = any(weight.startswith(f"{name}.") for weight in self.fresh)
        if self.weights[name] or not anew:
            return
        message = f"`{name}` would start anew, and what is reused was trained behind it"
        help = f"take it along: leave `{name}` out of `exclude`, or name it in `include`"
        self._fault(name, "PG053", message, (), help)

    def _fault(
        self, node: str, code: str, message: str, causes: tuple[str, ...], help: str
    ) -> None:
        place = self.graph.spec.document.key_place("modules", node)
        self.faults.setdefault(node, Diagnostic(code, message, place, causes=causes, help=help))


def _nodes_of(graph: SolvedGraph, weights: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(graph.spec.split(name)[0] for name in weights))


def _giver(graph: SolvedGraph, target: PortName) -> PortName | None:
    """Find what feeds an input, looking through augmentation: it is of training, not of meaning."""
    source = graph.wiring.source_of(target)
    while source is not None and _is_augmentation(graph.nodes[source.node]):
        source = stand_in(graph, source)
    return source


def _is_augmentation(node: SolvedNode) -> bool:
    return node.only is not None or node.random


def _heard(node: SolvedNode) -> Settings:
    """What decides the values that a node without weights gives."""
    if not node.declaration.is_source:
        given = {key: to_plain(value) for key, value in node.parameters.items()}
        return {"module": node.declaration.id, **given}
    rates = [p.attributes["rate"] for p in node.outputs.values() if isinstance(p.kind, Audio)]
    return {"sample_rate": str(rates[0])} if rates else {}


def _vocabulary(node: SolvedNode) -> Vocabulary | None:
    ports = [*node.inputs.values(), *node.outputs.values()]
    values = [value for port in ports for value in port.attributes.values()]
    return next((value for value in values if isinstance(value, Vocabulary)), None)


def _tokens(vocabulary: Vocabulary) -> str:
    alphabet = vocabulary.tokenizer.get("alphabet")
    return f'"{alphabet}"' if isinstance(alphabet, str) else str(vocabulary)


def _settings(node: SolvedNode) -> Settings:
    """The parameters that no size on a wire decides."""
    known = node.declaration.parameters
    chosen = {key: value for key, value in node.parameters.items() if not known[key].required}
    return {key: to_plain(value) for key, value in chosen.items()}


def _changes(before: Settings, now: Settings) -> list[str]:
    return [
        f"`{key}` was {_in_yaml(value)}, is {_in_yaml(now.get(key))}"
        for key, value in before.items()
        if now.get(key) != value
    ]


def _in_yaml_node(graph: SolvedGraph, name: str) -> str:
    node = graph.nodes[name]
    known = node.declaration.parameters
    chosen = {key: value for key, value in node.parameters.items() if value != known[key].default}
    given = {key: to_plain(value) for key, value in chosen.items() if not known[key].required}
    settings = ", ".join(f"{key}: {_in_yaml(value)}" for key, value in given.items())
    return f"{name}: {{module: {node.declaration.id}, with: {{{settings}}}}}"


def _in_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
