"""`phonograph show`: a solved graph as a table, as a drawing, as data."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from phonograph.cli.graph_argument import Graph, Overrides, load_argument
from phonograph.cli.screen import print_table, say, start_table
from phonograph.counted import counted
from phonograph.whole_file import write_whole

if TYPE_CHECKING:
    from rich.table import Table

    from phonograph.graphs.cost import NodeCost
    from phonograph.graphs.description import Description, NodeRow, PortRow
    from phonograph.graphs.model import Model

Format = Literal["text", "mermaid", "svg", "html", "json"]

ENDINGS: dict[str, Format] = {".mmd": "mermaid", ".svg": "svg", ".html": "html", ".json": "json"}


_ESTIMATES = """\
memory, training, multiply-adds = estimates for one recording of 10 s, in float32: weights and what
  is in use at once (attention with all of its scores, which fused kernels do not hold); with Adam's
  state and what the backward pass needs; products of matrices, convolutions, attention and
  recurrent layers, nothing else"""

_EXPECTED = ("it handles text", "it waits for a `???`")


def _known_ending(path: Path | None) -> Path | None:
    if path is not None and path.suffix not in ENDINGS:
        *endings, last = ENDINGS
        raise typer.BadParameter(f"`{path}` must end in {', '.join(endings)} or {last}")
    return path


def show(
    graph: Graph,
    overrides: Overrides,
    *,
    view: Annotated[
        str | None, typer.Option(metavar="NAME", help="Show only what this view needs.")
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="How to show it; text, or as FILE ends."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write it to FILE: *.svg, *.html, *.json or *.mmd.",
            callback=_known_ending,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show a solved graph.

    Sizes, rates, look-ahead, numbers of parameters, what it costs and what is computed once, as a
    table, a picture (svg), a page that needs no network (html), a Mermaid flowchart or data (json).
    Memory and multiply-adds are estimated without making any weights. `check` says what is wrong.

    Examples:
      phonograph show phonograph://asr/prompts
      phonograph show my.yaml --view infer
      phonograph show my.yaml --output my.html
      phonograph show my.yaml --format mermaid > my.mmd
      phonograph show runs/prompts/best.phono --json
    """
    from phonograph.graphs.model import sketch

    wanted = _wanted(form, to, as_json=as_json)
    model = sketch(load_argument(graph, overrides))
    if view is not None:
        model.plan(view)  # refuses a view that is not there
    if wanted == "text":
        _print(_described(model, view), view)
    elif to is None:
        say(_written(model, view, wanted))
    else:
        text = _written(model, view, wanted)
        to.parent.mkdir(parents=True, exist_ok=True)
        write_whole(to, f"{text}\n")
        say(f"wrote {to}")


def _wanted(form: Format | None, to: Path | None, *, as_json: bool) -> Format:
    asked = {one for one in (form, "json" if as_json else None) if one is not None}
    asked |= {ENDINGS[to.suffix]} if to is not None else set()
    if len(asked) > 1:
        names = " and ".join(sorted(asked))
        raise typer.BadParameter(f"one format at a time, not {names}", param_hint="--format")
    return asked.pop() if asked else "text"


def _described(
    model: Model, view: str | None, costs: dict[str, NodeCost] | None = None
) -> Description:
    from phonograph.graphs.describe import describe
    from phonograph.graphs.node_costs import estimate_costs

    return describe(model, view, estimate_costs(model) if costs is None else costs)


def _written(model: Model, view: str | None, form: Format) -> str:
    from phonograph.graphs.drawing.html import to_html
    from phonograph.graphs.drawing.svg import to_svg
    from phonograph.graphs.mermaid import to_mermaid
    from phonograph.graphs.node_costs import estimate_costs

    match form:
        case "mermaid":
            return to_mermaid(_described(model, view, {}))
        case "svg":
            return to_svg(_described(model, view))
        case "html":
            costs = estimate_costs(model)
            views = {name: _described(model, name, costs) for name in model.graph.spec.views}
            return to_html(_described(model, None, costs), views, view)
    return json.dumps(_described(model, view).to_json(), indent=2, ensure_ascii=False)


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
    say(f"\n{_ESTIMATES}")
    for line in _remarks(description):
        say(f"\n{line}")


def _remarks(description: Description) -> list[str]:
    lines = []
    if description.prefix:
        names = ", ".join(description.prefix)
        lines.append(
            f"cached: training cannot change what comes out of {names}, so it is computed once"
        )
    unknown = {n.name: n.cost.unknown for n in description.nodes if n.cost and n.cost.unknown}
    for name, reason in unknown.items():
        if reason not in _EXPECTED:
            lines.append(f"not estimated: {name}, since {reason}")
    if description.left_open:
        lines.append(f"still to be given (???): {', '.join(description.left_open)}")
    return lines


def _node_table(description: Description) -> Table:
    table = start_table("node", "module", "output", "kind", "shape", "every", "ahead")
    for title in ("parameters", "memory", "multiply-adds/s"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for node in description.nodes:
        _add_node(table, node)
    return table


def _add_node(table: Table, node: NodeRow) -> None:
    # lengths follow their tensors; listing them would hide what matters
    shown = [port for port in node.outputs if not port.counts]
    first = (node.name, node.module)
    count = f"{node.parameters:,}" if node.parameters else ""
    last: tuple[str, ...] = (count, *_costs(node), ", ".join(node.remarks))
    for port in shown:
        shape = (port.name, port.kind, port.shape, _every(port), _ahead(port))
        table.add_row(*first, *shape, *last)
        first, last = ("", ""), ("",) * len(last)


def _costs(node: NodeRow) -> tuple[str, str]:
    from phonograph.graphs.quantities import short, short_bytes

    cost = node.cost
    memory = cost.weights + (cost.activations or 0) if cost else 0
    multiplied = cost.multiply_adds if cost else None
    return short_bytes(memory) if memory else "", short(multiplied) if multiplied else ""


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
    from phonograph.graphs.quantities import short, short_bytes

    table = start_table("view", "split", "takes", "gives", "scores")
    for title in ("memory", "training", "multiply-adds/s"):
        table.add_column(title, justify="right", no_wrap=True)
    for view in description.views:
        if wanted in (None, view.name):
            takes = [str(port) for port in view.inputs if str(port) not in lengths]
            gives, scores = ", ".join(map(str, view.outputs)), ", ".join(view.score)
            total = description.totals[view.name]
            training = short_bytes(total.training) if view.name == "train" else ""
            costs = (short_bytes(total.inference), training, short(total.multiply_adds))
            table.add_row(view.name, view.split or "", ", ".join(takes), gives, scores, *costs)
    return table
