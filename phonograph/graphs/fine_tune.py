"""Start from a checkpoint: which weights are reused, which start anew, which stay frozen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.bundle import Bundle, read_bundle
from phonograph.graphs.model import Model
from phonograph.graphs.parameters import GIVEN_LATER
from phonograph.graphs.reuse import changed_settings, reuse_faults
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.spec import split_after_node
from phonograph.graphs.weight_names import matches, matches_any
from phonograph.types.registry import Registry


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to each weight.

    Args:
        reused: names taken from the checkpoint.
        fresh: names that start anew -> why.
        frozen: names that training leaves alone.
        nodes: the nodes of the graph, whose names may have dots.
        changed: what reused nodes compute otherwise than in the checkpoint, a line each.
    """

    reused: tuple[str, ...]
    fresh: Mapping[str, str]
    frozen: tuple[str, ...]
    nodes: Collection[str]
    changed: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Say it in a line per node and outcome."""
        said = [f"reused: {self._by_node(self.reused)}"] if self.reused else []
        for reason in dict.fromkeys(self.fresh.values()):
            names = [name for name, why in self.fresh.items() if why == reason]
            said.append(f"starts anew ({reason}): {self._by_node(names)}")
        said += [f"frozen: {self._by_node(self.frozen)}"] if self.frozen else []
        return said + [f"not as in the checkpoint: {change}" for change in self.changed]

    def _by_node(self, names: Iterable[str]) -> str:
        counts = Counter(split_after_node(name, self.nodes)[0] for name in names)
        return ", ".join(f"{node} ({count} tensors)" for node, count in counts.items())


def start_from(model: Model, registry: Registry) -> list[str]:
    """Carry out `init`: load weights, freeze, and say what was done.

    Raises:
        GraphError: weights that do not fit, or that heard or meant something else in training.
        BundleError: the checkpoint cannot be read.
    """
    init = model.graph.spec.init
    if not init:
        return []
    bundle = read_bundle(_checkpoint(model.graph), registry)
    plan, faults = plan_start(model, bundle)
    faults += reuse_faults(model, bundle.graph, plan.reused, plan.fresh)
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
    include, exclude = init.get("include", ["*"]) or [], init.get("exclude") or []
    reused, fresh = [], {}
    unfit: dict[str, list[str]] = {}
    for name, weight in model.module.state_dict().items():
        given = bundle.weights.get(name)
        if matches_any(exclude, name):
            fresh[name] = "excluded"
        elif not matches_any(include, name):
            fresh[name] = "not included"
        elif given is None and not _has_node(model, bundle.weights, name):
            fresh[name] = "not in the checkpoint"
        elif given is None or given.shape != weight.shape:
            there = "missing" if given is None else str(list(given.shape))
            told = f"`{name}` is {list(weight.shape)} here and {there} in the checkpoint"
            unfit.setdefault(model.graph.spec.split(name)[0], []).append(told)
        else:
            reused.append(name)
    frozen = [
        n for n, _ in model.module.named_parameters() if matches_any(init.get("freeze") or [], n)
    ]
    faults = [_misfit(model, node, told) for node, told in unfit.items()]
    faults += _idle_patterns(model, include, reused)
    changed = changed_settings(model.graph, bundle.graph, reused)
    return Plan(tuple(reused), fresh, tuple(frozen), model.graph.nodes, tuple(changed)), faults


def _idle_patterns(model: Model, include: list[str], reused: list[str]) -> list[Diagnostic]:
    document = model.graph.spec.document
    faults = []
    for index, pattern in enumerate(include):
        if not any(matches(pattern, name) for name in reused):
            place = document.place("init", "include", index)
            message = f"`{pattern}` takes no weight from the checkpoint"
            faults.append(Diagnostic("PG051", message, place))
    return faults


def _has_node(model: Model, weights: Mapping[str, object], name: str) -> bool:
    node, _ = model.graph.spec.split(name)
    return any(key.startswith(f"{node}.") for key in weights)


def _misfit(model: Model, node: str, told: Sequence[str]) -> Diagnostic:
    first, *more = told
    count = f"{len(more)} more weights do" if len(more) > 1 else "one more weight does"
    causes = (f"{count} not fit",) if more else ()
    place = model.graph.spec.document.key_place("modules", node)
    help = f"start it anew: init: {{…, exclude: [{node}]}}"
    return Diagnostic("PG052", first, place, causes=causes, help=help)
