"""A described graph as one HTML page that needs nothing else, not even a network."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterator, Mapping

from phonograph.graphs.cost import SECONDS, Total
from phonograph.graphs.description import Description, NodeRow, PortRow
from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.drawing.node_details import ahead, details, every, shape_of
from phonograph.graphs.drawing.page_script import PAGE_SCRIPT
from phonograph.graphs.drawing.page_style import PAGE_STYLE
from phonograph.graphs.drawing.svg import drawing
from phonograph.graphs.quantities import milliseconds, short, short_bytes
from phonograph.graphs.views import View

_NOTE = (
    f"Estimates are for one recording of {SECONDS} s in float32. Multiply-adds are those of matrix "
    "products, convolutions, attention and recurrent layers; functions of single values, norms, "
    "Fourier transforms, the recursion inside a loss and the search for text are not counted. "
    "Memory is that of weights and of what is in use at once, attention with all of its scores, "
    "which fused kernels do not hold. Training is with Adam: weights, gradients, two moments, and "
    "what the backward pass needs."
)
_HINT = "Point at a module to see where its sizes come from. A click keeps it here, Escape lets go."


def to_html(whole: Description, views: Mapping[str, Description], start: str | None = None) -> str:
    """Write a page with one tab for the whole graph and one for each view.

    Everything that comes from the graph is text there: nothing in it can become markup, and the
    page forbids itself scripts and styles other than its own.

    Args:
        whole: the whole graph.
        views: each view of it.
        start: the view whose tab is open first, or None for the whole.
    """
    return "\n".join(_page(whole, views, start))


def _page(whole: Description, views: Mapping[str, Description], start: str | None) -> Iterator[str]:
    name = escaped(whole.name)
    policy = (
        f"default-src 'none'; style-src '{_digest(PAGE_STYLE)}'; script-src "
        f"'{_digest(PAGE_SCRIPT)}'; base-uri 'none'; form-action 'none'"
    )
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{name}</title>\n<style>{PAGE_STYLE}</style>\n</head>"
    yield f'<body class="pg">\n<header>\n<h1>{name}</h1>'
    yield f'<p class="lead">{len(whole.nodes)} modules, {whole.parameters:,} parameters</p>'
    if whole.left_open:
        yield f'<p class="lead">Still to be given: {escaped(", ".join(whole.left_open))}</p>'
    tabs: list[tuple[str, str | None]] = [("whole graph", None), *((v, v) for v in views)]
    yield '<div class="tabs" role="tablist" aria-label="Views">'
    for number, (title, view) in enumerate(tabs):
        chosen = "true" if view == start else "false"
        yield (
            f'<button role="tab" id="tab-{number}" aria-controls="panel-{number}" '
            f'aria-selected="{chosen}">{escaped(title)}</button>'
        )
    yield '</div>\n</header>\n<div class="layout">\n<main>'
    for number, (_, view) in enumerate(tabs):
        label = f'id="panel-{number}" aria-labelledby="tab-{number}"'
        yield f'<section role="tabpanel" {label} tabindex="-1">'
        yield from _panel(whole if view is None else views[view], view, f"arrow-{number}")
        yield "</section>"
    yield f'</main>\n<aside aria-live="polite">\n<div class="hint"><p class="note">{_HINT}</p>'
    yield f'<h3>Lengths</h3><dl class="axes">{"".join(_lengths(whole))}</dl></div>'
    yield from details(whole)
    yield f"</aside>\n</div>\n<script>{PAGE_SCRIPT}</script>\n</body>\n</html>\n"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _panel(description: Description, view: str | None, arrow: str) -> Iterator[str]:
    numbers = list(_totals(description, view))
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in numbers)
    yield f'<dl class="totals">{cells}</dl>'
    for one in description.views:
        if one.name == view:
            yield f'<p class="note">{escaped(_in_words(description, one))}</p>'
    yield '<div class="stage"><div class="tools" role="group" aria-label="Zoom">'
    for value, words, sign in _TOOLS:
        yield f'<button value="{value}" aria-label="{words}" title="{words}">{sign}</button>'
    yield f'</div><div class="scroll">{drawing(description, arrow)}</div></div>'
    if view is None and description.totals:
        yield "<h2>Views</h2>"
        yield from _view_table(description)
    yield "<h2>Modules</h2>"
    yield from _node_table(description)
    if description.prefix:
        names = escaped(", ".join(description.prefix))
        yield f'<p class="note">Training cannot change what comes out of {names}, '
        yield "so it is computed once per utterance.</p>"
    if description.totals:
        yield f'<h2>Estimates</h2><p class="note">{_NOTE}</p>'


def _lengths(description: Description) -> Iterator[str]:
    yield "<dt>B</dt><dd>utterances in a batch</dd>"
    for axis in description.axes:
        yield f"<dt>{escaped(axis.letter)}</dt><dd>{escaped(axis.explained)}</dd>"


_TOOLS = (
    ("0.8", "Smaller", "\N{MINUS SIGN}"),
    ("1.25", "Larger", "+"),
    ("full", "Full size", "100%"),
    ("fit", "Fit to the width", "Fit"),
)


def _totals(description: Description, view: str | None) -> Iterator[tuple[str, str]]:
    yield "Modules", str(len(description.nodes))
    yield "Parameters", short(description.parameters) if description.parameters else "0"
    if view is None and description.totals:
        weights = sum(node.cost.weights for node in description.nodes if node.cost)
        yield "Weights", short_bytes(weights)
    total = description.totals.get(view or "")
    if total is not None:
        yield "Multiply-adds a second", short(total.multiply_adds)
        yield f"Memory, {SECONDS} s", short_bytes(total.inference)
        if view == "train":
            yield f"Memory in training, {SECONDS} s", short_bytes(total.training)
    look = description.look_ahead_ms
    if look:
        yield "Look-ahead", "whole utterance" if look == math.inf else milliseconds(look)


def _in_words(description: Description, view: View) -> str:
    lengths = {
        (node.name, port.name) for node in description.nodes for port in node.outputs if port.counts
    }
    takes = [str(port) for port in view.inputs if (port.node, port.port) not in lengths]
    parts = [f"takes {', '.join(takes)}", f"gives {', '.join(_gives(description, view))}"]
    parts += [f"reads the split {view.split}"] if view.split else []
    parts += [f"scores {', '.join(view.score)}"] if view.score else []
    total = description.totals.get(view.name)
    if total and total.left_out:
        parts.append(f"not estimated: {', '.join(total.left_out)}")
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _gives(description: Description, view: View) -> list[str]:
    """Outputs of a view without the marks of utterances that a loss could not use."""
    kinds = {
        (node.name, port.name): port.kind for node in description.nodes for port in node.outputs
    }
    return [str(p) for p in view.outputs if kinds.get((p.node, p.port)) != "Rejected"]


def _view_table(description: Description) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr><th>View</th><th>Split</th><th>Gives</th>'
    yield '<th>Scores</th><th class="number">Multiply-adds a second</th>'
    yield f'<th class="number">Memory, {SECONDS} s</th>'
    yield '<th class="number">In training</th></tr></thead><tbody>'
    for view in description.views:
        total = description.totals[view.name]
        yield f"<tr><td><b>{escaped(view.name)}</b></td><td>{escaped(view.split or '')}</td>"
        gives = ", ".join(_gives(description, view))
        yield f'<td class="wrap">{escaped(gives)}</td>'
        yield f"<td>{escaped(', '.join(view.score))}</td>{_total_cells(view, total)}</tr>"
    yield "</tbody></table></div>"


def _total_cells(view: View, total: Total) -> str:
    training = short_bytes(total.training) if view.name == "train" else ""
    cells = (short(total.multiply_adds), short_bytes(total.inference), training)
    return "".join(f'<td class="number">{cell}</td>' for cell in cells)


_COLUMNS = ("Node", "Module", "Output", "Kind", "Shape", "Every", "Ahead")
_NUMBERS = ("Parameters", "Memory", "Multiply-adds/s")


def _node_table(description: Description) -> Iterator[str]:
    heads = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    heads += "".join(f'<th class="number">{name}</th>' for name in _NUMBERS)
    yield f'<div class="wide"><table><thead><tr>{heads}<th></th></tr></thead><tbody>'
    for node in description.nodes:
        ports = [port for port in node.outputs if not port.counts]
        for number, port in enumerate(ports or [None]):
            yield _row(node, port, first=number == 0)
    yield "</tbody></table></div>"


def _row(node: NodeRow, port: PortRow | None, *, first: bool) -> str:
    name = escaped(node.name)
    pick = f'<button class="pick" data-node="{name}">{name}</button>' if first else ""
    module = f"<code>{escaped(node.module)}</code>" if first else ""
    texts = [pick, module, *(_port_cells(port) if port else [""] * 5)]
    cells = "".join(f"<td>{text}</td>" for text in texts)
    numbers = _cost_cells(node) if first else [""] * len(_NUMBERS)
    cells += "".join(f'<td class="number">{text}</td>' for text in numbers)
    remark = escaped(", ".join(node.remarks)) if first else ""
    return f"<tr{'' if first else ' class=more'}>{cells}<td>{remark}</td></tr>"


def _port_cells(port: PortRow) -> list[str]:
    shape = f'<span class="mono">{escaped(shape_of(port))}</span>'
    return [escaped(port.name), escaped(port.kind), shape, every(port), ahead(port)]


def _cost_cells(node: NodeRow) -> list[str]:
    cost = node.cost
    memory = cost.weights + (cost.activations or 0) if cost else 0
    return [
        f"{node.parameters:,}" if node.parameters else "",
        short_bytes(memory) if memory else "",
        short(cost.multiply_adds) if cost and cost.multiply_adds else "",
    ]
