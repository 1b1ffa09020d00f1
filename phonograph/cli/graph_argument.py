"""The arguments GRAPH and KEY=VALUE that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from phonograph.errors import Diagnostic, GraphError, PhonographError, Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from phonograph.graphs.check import Checked
    from phonograph.graphs.solved import SolvedGraph

BUNDLE_SUFFIX = ".phono"


def key_equals_value(texts: list[str]) -> list[str]:
    """Refuse what is not an override.

    Raises:
        typer.BadParameter: names the first text without `=`.
    """
    for text in texts:
        if "=" not in text:
            message = f"`{text}` is not of the form key=value, such as train.trainer.max_steps=100"
            raise typer.BadParameter(message)
    return texts


Graph = Annotated[
    str,
    typer.Argument(
        metavar="GRAPH",
        help="A YAML file, a shipped recipe (phonograph://asr/prompts) or a bundle.",
    ),
]

Overrides = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY=VALUE",
        help="Change settings, such as train.trainer.max_steps=100.",
        callback=key_equals_value,
        default_factory=list,
        show_default=False,
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

Device = Annotated[
    str, typer.Option(metavar="NAME", help="Where to compute: auto, cpu, cuda, cuda:1, mps.")
]

Precision = Annotated[
    Literal["float32", "bf16"],
    typer.Option(help="Digits of products; bf16 is quicker on processors made for it."),
]


def check_argument(graph: str, overrides: Sequence[str]) -> Checked:
    """Check whatever GRAPH names."""
    from phonograph.collections.recipes import locate
    from phonograph.graphs.check import Checked

    try:
        if graph.endswith(BUNDLE_SUFFIX):
            return Checked(_graph_of_bundle(graph, overrides), ())
        path, name = locate(graph)
    except PhonographError as error:
        return Checked(None, error.diagnostics)
    return check_file(path, name, overrides)


def check_file(path: Path, name: str, overrides: Sequence[str]) -> Checked:
    """Check a graph file with everything that is installed, under the name the user knows."""
    from phonograph.collections import default_metrics, default_registry
    from phonograph.collections.recipes import locate
    from phonograph.graphs.check import check_graph
    from phonograph.training.settings import check_written

    return check_graph(
        path,
        overrides,
        default_registry(),
        name=name,
        metrics=default_metrics(),
        locate=locate,
        settings=check_written,
    )


def load_argument(graph: str, overrides: Sequence[str]) -> SolvedGraph:
    """Return the solved graph that GRAPH names.

    Raises:
        GraphError: every fault found.
    """
    checked = check_argument(graph, overrides)
    if checked.graph is None:
        raise GraphError(checked.faults)
    return checked.graph


def _graph_of_bundle(path: str, overrides: Sequence[str]) -> SolvedGraph:
    from pathlib import Path

    from phonograph.collections import default_registry
    from phonograph.graphs.bundle import read_bundle

    if overrides:
        message = f"a bundle is finished: `{overrides[0]}` cannot change it"
        help = f"start a new graph from it: init: {{from: {path}}}"
        raise GraphError(Diagnostic("PG005", message, Place("command line"), help=help))
    return read_bundle(Path(path), default_registry()).graph
