"""`phonograph diff`: two graphs or bundles, compared by meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonograph.cli.graph_argument import BUNDLE_SUFFIX, AsJson, Overrides, check_argument
from phonograph.cli.screen import say, say_json
from phonograph.counted import counted
from phonograph.errors import Diagnostic, GraphError, PhonographError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from phonograph.graphs.difference import Difference
    from phonograph.graphs.solved import SolvedGraph

GraphArgument = Annotated[
    str, typer.Argument(help="A YAML file, a shipped recipe or a bundle.", show_default=False)
]


def diff(
    a: GraphArgument,
    b: GraphArgument,
    overrides: Overrides,
    *,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when they differ.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two graphs by meaning, and tell which weights of A could start B.

    Order, comments, spelling and defaults written out make no difference. KEY=VALUE changes B.

    Examples:
      phonograph diff phonograph://asr/quartznet-5x5 phonograph://asr/quartznet-15x5
      phonograph diff my.yaml my.yaml modules.encoder.with.layers=18
      phonograph diff runs/one/best.phono runs/two/best.phono --exit-code
    """
    from phonograph.cli.print_difference import print_difference
    from phonograph.graphs.difference import difference
    from phonograph.training.settings_difference import settings_changes

    (before, weights), (after, other_weights) = _load_both(a, b, overrides)
    found = difference(before, after, weights, other_weights)
    # a bundle does not say how it was trained
    comparable = weights is None and other_weights is None
    training = settings_changes(before, after) if comparable else ()
    same = found.is_same and not training
    if as_json:
        changes = [change.to_json() for change in training]
        say_json({"same": same, **found.to_json(), "training": changes})
    elif same:
        say(f"the same: {_counts(before, found)}")
    else:
        print_difference(found, training, (a, b))
    if exit_code and not same:
        raise typer.Exit(1)


def _load_both(
    a: str, b: str, overrides: Sequence[str]
) -> list[tuple[SolvedGraph, Mapping[str, Tensor] | None]]:
    loaded = []
    faults: list[Diagnostic] = []
    for graph, changes in ((a, ()), (b, overrides)):
        try:
            loaded.append(_load(graph, changes))
        except PhonographError as error:
            faults += error.diagnostics
    if faults:
        raise GraphError(dict.fromkeys(faults))
    return loaded


def _load(graph: str, overrides: Sequence[str]) -> tuple[SolvedGraph, Mapping[str, Tensor] | None]:
    from phonograph.collections import default_registry
    from phonograph.graphs.bundle import read_bundle

    if graph.endswith(BUNDLE_SUFFIX) and not overrides:
        bundle = read_bundle(Path(graph), default_registry())
        return bundle.graph, bundle.weights
    checked = check_argument(graph, overrides)
    if checked.graph is None:
        raise GraphError(checked.faults)
    return checked.graph, None


def _counts(graph: SolvedGraph, found: Difference) -> str:
    parameters = counted(found.totals[1], "parameter")
    return f"{graph.name}: {counted(len(graph.nodes), 'module')}, {parameters}"
