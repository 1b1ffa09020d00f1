"""`phonograph show`: a solved graph as a table, as a drawing, as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from phonograph.cli.graph_argument import Graph, Overrides, load_argument
from phonograph.cli.screen import counted, print_table, say, say_json, start_table

if TYPE_CHECKING:
    from rich.table import Table

    from phonograph.graphs.description import Description, NodeRow, PortRow

Format = Literal["text", "mermaid", "json"]


def show(
    graph: Graph,
    overrides: Overrides,
    *,
    view: Annotated[
        str | None, typer.Option(metavar="NAME", help="Show only what this view needs.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to show it.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show a solved graph.

    Sizes, rates, numbers of parameters, and what is computed once. `check` says what is wrong.

    Examples:
      phonograph show phonograph://asr/prompts
      phonograph show my.yaml --view infer
      phonograph show my.yaml --format mermaid > my.mmd
      phonograph show runs/prompts/best.phono --json
    """
    from phonograph.graphs.describe import describe
    from phonograph.graphs.mermaid import to_mermaid
    from phonograph.graphs.model import sketch

    description = describe(sketch(load_argument(graph, overrides)), view)
    if as_json or form == "json":
        say_json(description.to_json())
    elif form == "mermaid":
        say(to_mermaid(description))
    else:
        _print(description, view)


def _print(description: Description, view: str | None) -> None:
    part = f", view {view}" if view else ""
    modules, parameters = len(description.nodes), description.parameters
    counts = f"{counted(modules, 'module')}, {counted(parameters, 'parameter')}"
    say(f"{description.name}{part}: {counts}\n")
    print_table(_node_table(description))
    say()
    for axis in description.axes:
        say(f"{axis.letter:>3} = {axis.explained}")
    say("  B = utterances in a batch")
    say("ahead = audio after a frame's own time that decides it, or all of the utterance\n")
    print_table(_view_table(description, view))
    for line in _remarks(description):
        say(f"\n{line}")


def _remarks(description: Description) -> list[str]:
    lines = []
    if description.prefix:
        names = ", ".join(description.prefix)
        lines.append(
            f"cached: training cannot change what comes out of {names}, so it is computed once"
        )
    if description.left_open:
        lines.append(f"still to be given (???): {', '.join(description.left_open)}")
    return lines


def _node_table(description: Description) -> Table:
    table = start_table("node", "module", "output", "kind", "shape", "every", "ahead")
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for node in description.nodes:
        _add_node(table, node)
    return table


def _add_node(table: Table, node: NodeRow) -> None:
    # lengths follow their tensors; listing them would hide what matters
    shown = [port for port in node.outputs if not port.counts]
    first = (node.name, node.module)
    last = (f"{node.parameters:,}" if node.parameters else "", ", ".join(node.remarks))
    for port in shown:
        shape = (port.name, port.kind, port.shape, _every(port), _ahead(port))
        table.add_row(*first, *shape, *last)
        first, last = ("", ""), ("", "")


def _every(port: PortRow) -> str:
    if port.sample_rate is not None:
        return f"{port.sample_rate} Hz"
    return "" if port.period_ms is None else f"{port.period_ms:g} ms"


def _ahead(port: PortRow) -> str:
    if not port.look_ahead_ms:
        return ""
    return "all" if port.look_ahead_ms == math.inf else f"{port.look_ahead_ms:g} ms"


def _view_table(description: Description, wanted: str | None) -> Table:
    lengths = {
        f"{node.name}.{port.name}"
        for node in description.nodes
        for port in node.outputs
        if port.counts
    }
    table = start_table("view", "split", "takes", "gives", "scores")
    for view in description.views:
        if wanted in (None, view.name):
            takes = [str(port) for port in view.inputs if str(port) not in lengths]
            gives, scores = ", ".join(map(str, view.outputs)), ", ".join(view.score)
            table.add_row(view.name, view.split or "", ", ".join(takes), gives, scores)
    return table
