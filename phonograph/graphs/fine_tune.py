"""Start from a checkpoint: which weights are reused, which start anew, which stay frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
from torch import Tensor

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.bundle import Bundle, read_bundle
from phonograph.graphs.model import Model
from phonograph.graphs.parameters import GIVEN_LATER, to_plain
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.weight_names import matches_any
from phonograph.types.kinds import Audio
from phonograph.types.registry import Registry


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to each weight.

    Args:
        reused: names taken from the checkpoint.
        fresh: names that start anew -> why.
        frozen: names that training leaves alone.
    """

    reused: tuple[str, ...]
    fresh: Mapping[str, str]
    frozen: tuple[str, ...]

    def lines(self) -> list[str]:
        """Say it in a line per node and outcome."""
        said = [f"reused: {_by_node(self.reused)}"] if self.reused else []
        for reason in dict.fromkeys(self.fresh.values()):
            names = [name for name, why in self.fresh.items() if why == reason]
            said.append(f"starts anew ({reason}): {_by_node(names)}")
        return said + ([f"frozen: {_by_node(self.frozen)}"] if self.frozen else [])


def start_from(model: Model, registry: Registry) -> list[str]:
    """Carry out `init`: load weights, freeze, and say what was done.

    Raises:
        GraphError: weights that do not fit, or features other than the checkpoint was trained on.
        BundleError: the checkpoint cannot be read.
    """
    init = model.graph.spec.init
    if not init:
        return []
    bundle = read_bundle(_checkpoint(model.graph), registry)
    plan, faults = plan_start(model, bundle)
    faults += preprocessing_faults(model, bundle.graph, plan)
    if faults:
        raise GraphError(faults)
    weights = {name: bundle.weights[name] for name in plan.reused}
    model.module.load_state_dict(weights, strict=False)
    frozen = set(plan.frozen)
    for name, weight in model.module.named_parameters():
        weight.requires_grad_(name not in frozen)
    return plan.lines()


def _checkpoint(graph: SolvedGraph) -> Path:
    document, written = graph.spec.document, graph.spec.init["from"]
    path = document.folder_of("init", "from") / Path(written).expanduser()
    if written == GIVEN_LATER:
        message = "`init.from` is left open"
    elif not path.exists():
        message = f"there is no checkpoint `{path}`"
    else:
        return path
    help = "give it: init.from=path/to/model.phono"
    place = document.place("init", "from")
    raise GraphError(Diagnostic("PG050", message, place, help=help))


def plan_start(model: Model, bundle: Bundle) -> tuple[Plan, list[Diagnostic]]:
    """Decide for every weight whether it is reused, and list those that cannot be."""
    init = model.graph.spec.init
    include, exclude = init.get("include") or ["*"], init.get("exclude") or []
    reused, fresh, faults = [], {}, []
    for name, weight in model.module.state_dict().items():
        given = bundle.weights.get(name)
        if matches_any(exclude, name):
            fresh[name] = "excluded"
        elif not matches_any(include, name):
            fresh[name] = "not included"
        elif given is None and not _has_node(bundle.weights, name):
            fresh[name] = "not in the checkpoint"
        elif given is None or given.shape != weight.shape:
            faults.append(_misfit(model, name, weight, given))
        else:
            reused.append(name)
    frozen = [
        n for n, _ in model.module.named_parameters() if matches_any(init.get("freeze") or [], n)
    ]
    return Plan(tuple(reused), fresh, tuple(frozen)), faults


def preprocessing_faults(model: Model, source: SolvedGraph, plan: Plan) -> list[Diagnostic]:
    """Compare what reused modules hear now with what they heard in training."""
    graph = model.graph
    counts = model.parameter_counts()
    reused = {name.partition(".")[0] for name in plan.reused}
    before = set().union(*(nx.ancestors(graph.wiring.graph, name) for name in reused), reused)
    faults = []
    for name in sorted(before & source.nodes.keys()):
        if counts[name] == 0 and not graph.nodes[name].only:
            fault = _heard_otherwise(graph, source, name) or _left_out(graph, plan, name)
            faults += [fault] if fault else []
    return faults


def _heard_otherwise(graph: SolvedGraph, source: SolvedGraph, name: str) -> Diagnostic | None:
    before, now = _heard(source, name), _heard(graph, name)
    changed = [key for key in before if before[key] != now.get(key)]
    if not changed:
        return None
    if "module" in changed:
        changed = ["module"]
        help = f"write {name}: {{module: {before['module']}, with: {_written(source, name)}}}"
    else:
        help = "set " + ", ".join(f"{key}: {_in_yaml(before[key])}" for key in changed)
    causes = (
        f"`{key}` was {_in_yaml(before[key])}, is {_in_yaml(now.get(key))}" for key in changed
    )
    place = graph.spec.document.key_place("modules", name)
    message = f"`{name}` differs from what the checkpoint was trained with"
    return Diagnostic("PG053", message, place, causes=tuple(causes), help=help)


def _written(graph: SolvedGraph, name: str) -> str:
    """The parameters of a node that are neither solved nor left at their defaults."""
    node = graph.nodes[name]
    known = node.declaration.parameters
    chosen = {
        key: to_plain(value)
        for key, value in node.parameters.items()
        if not known[key].required and value != known[key].default
    }
    return "{" + ", ".join(f"{key}: {_in_yaml(value)}" for key, value in chosen.items()) + "}"


def _in_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _left_out(graph: SolvedGraph, plan: Plan, name: str) -> Diagnostic | None:
    """A node that brings constants of the checkpoint must bring them along."""
    if not any(fresh.startswith(f"{name}.") for fresh in plan.fresh):
        return None
    place = graph.spec.document.key_place("modules", name)
    message = f"`{name}` would start anew, and what is reused was trained behind it"
    help = f"take it along: leave `{name}` out of `exclude`, or name it in `include`"
    return Diagnostic("PG053", message, place, help=help)


def _heard(graph: SolvedGraph, name: str) -> dict[str, Any]:
    """What decides the values that a node without trainable weights gives."""
    node = graph.nodes[name]
    if not node.declaration.is_source:
        given = {key: to_plain(value) for key, value in node.parameters.items()}
        return {"module": node.declaration.id, **given}
    rates = [p.attributes["rate"] for p in node.outputs.values() if isinstance(p.kind, Audio)]
    return {"sample_rate": str(rates[0])} if rates else {}


def _has_node(weights: Mapping[str, Tensor], name: str) -> bool:
    node = name.partition(".")[0]
    return any(key.startswith(f"{node}.") for key in weights)


def _misfit(model: Model, name: str, weight: Tensor, given: Tensor | None) -> Diagnostic:
    node = name.partition(".")[0]
    here = list(weight.shape)
    there = "missing" if given is None else f"{list(given.shape)}"
    message = f"`{name}` is {here} here and {there} in the checkpoint"
    place = model.graph.spec.document.key_place("modules", node)
    help = f"start it anew: init: {{…, exclude: [{node}]}}"
    return Diagnostic("PG052", message, place, help=help)


def _by_node(names: tuple[str, ...] | list[str]) -> str:
    counts: dict[str, int] = {}
    for name in names:
        node = name.partition(".")[0]
        counts[node] = counts.get(node, 0) + 1
    return ", ".join(f"{node} ({count} tensors)" for node, count in counts.items())
