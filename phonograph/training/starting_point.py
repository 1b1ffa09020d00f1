"""The model with which training begins."""

from __future__ import annotations

from collections.abc import Callable

from phonograph.errors import Diagnostic, GraphError
from phonograph.graphs.fine_tune import start_from
from phonograph.graphs.model import Model, build
from phonograph.graphs.solved import SolvedGraph
from phonograph.graphs.views import plan_view
from phonograph.training.random_state import seed_everything
from phonograph.types.kinds import Loss
from phonograph.types.registry import Registry


def check_trainable(graph: SolvedGraph) -> list[Diagnostic]:
    """Return why a graph cannot be trained, whatever its settings."""
    document = graph.spec.document
    if "train" not in graph.spec.views:
        message = "there is no view `train`"
        help = "write one: views: {train: {run: [loss.loss]}}"
        return [Diagnostic("PT003", message, document.key_place("views"), help=help)]
    place = document.key_place("views", "train")
    view = plan_view(graph, "train")
    faults = []
    if not any(isinstance(graph.output(port).kind, Loss) for port in view.outputs):
        help = "run the output of a loss, such as `loss.loss`"
        faults.append(Diagnostic("PT003", "the view `train` runs no loss", place, help=help))
    if view.split is None or not any(n.declaration.is_source for n in graph.nodes.values()):
        help = "add a data layer such as `asr.manifest`, and no `feed` to the view `train`"
        message = "the view `train` reads no data"
        faults.append(Diagnostic("PT003", message, place, help=help))
    return faults


def starting_point(
    graph: SolvedGraph, registry: Registry, *, seed: int, say: Callable[[str], None]
) -> Model:
    """Build a graph, carry out its `init`, and free for training what the `train` view reaches.

    Args:
        graph: a graph that can be trained.
        registry: the modules that may be named.
        seed: decides the random weights.
        say: told what was loaded and what is frozen.

    Raises:
        GraphError: the weights do not fit, or none is free.
        BundleError: the checkpoint cannot be read.
    """
    seed_everything(seed)
    model = build(graph)
    for line in start_from(model, registry):
        say(line)
    reached = {graph.owner(node) for node in plan_view(graph, "train").nodes}
    for name, weight in model.module.named_parameters():
        if graph.spec.split(name)[0] not in reached:
            weight.requires_grad = False
    if not any(weight.requires_grad for weight in model.module.parameters()):
        place = graph.spec.document.place("init", "freeze")
        help = "leave out of `freeze` what is to be trained"
        message = "no weight of the view `train` is free to be trained"
        raise GraphError(Diagnostic("PT003", message, place, help=help))
    return model
