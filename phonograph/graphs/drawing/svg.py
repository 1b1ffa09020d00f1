"""A described graph as an SVG picture that stands alone, in the colours of day or night."""

from __future__ import annotations

from collections.abc import Iterator

from phonograph.graphs.description import Description
from phonograph.graphs.drawing.boxes import (
    LINE,
    SLANT,
    STEM,
    Label,
)
from phonograph.graphs.drawing.layout import Picture, Piece, PlacedBox, Region, lay_out
from phonograph.graphs.drawing.legend import LEGEND_HEIGHT, legend, legend_width
from phonograph.graphs.drawing.markup import escaped
from phonograph.graphs.drawing.style import DRAWING_STYLE


def to_svg(description: Description) -> str:
    """Draw a graph from top to bottom.

    Data layers have a round lid, losses cut corners, nodes that handle text slanted sides; what
    exists in one view only has a dashed outline; a region marks what is computed once. Outputs are
    labelled with what flows: kind and shape, how often, and how far it looks ahead. Lengths that
    come along with their tensor are not drawn.

    Args:
        description: a graph or one of its views.

    Returns:
        an SVG document.
    """
    picture = lay_out(description)
    return "\n".join(_document(description, picture, "arrow", style=True))


def drawing(description: Description, arrow: str) -> str:
    """Draw a graph as an element of a page that has the styles.

    Args:
        description: a graph or one of its views.
        arrow: a name for the arrow head, unlike others on the same page.
    """
    return "\n".join(_document(description, lay_out(description), arrow, style=False))


def _document(
    description: Description, picture: Picture, arrow: str, *, style: bool
) -> Iterator[str]:
    width = max(picture.width, legend_width(description))
    height = picture.height + LEGEND_HEIGHT
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    words = escaped(f"{description.name}: {len(description.nodes)} modules and their wires")
    role = "img" if style else "group"
    space = 'xmlns="http://www.w3.org/2000/svg"'
    yield f'<svg {space} class="pg" {size} role="{role}" aria-label="{words}">'
    if style:
        yield f"<style>{DRAWING_STYLE}</style>"
        yield f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>'
    yield f'<g transform="translate({(width - picture.width) / 2:.1f} 0)">'
    yield from _picture(picture, arrow, focusable=not style)
    yield "</g>"
    yield from legend(description, picture.height)
    yield "</svg>"


def _picture(picture: Picture, arrow: str, *, focusable: bool) -> Iterator[str]:
    yield (
        f'<defs><marker id="{arrow}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="10"'
        ' markerHeight="10" markerUnits="userSpaceOnUse" orient="auto">'
        '<path class="tip" d="M0.5 0.8 7.2 4 0.5 7.2z"/></marker></defs>'
    )
    for region in picture.once:
        yield from _region(region)
    for wire in picture.wires:
        yield _wire(wire, arrow)
    for placed in picture.boxes.values():
        yield from _box(placed, focusable=focusable)


def _region(region: Region) -> Iterator[str]:
    left, top, right, bottom = region
    size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
    yield f'<rect class="once" x="{left:.1f}" y="{top:.1f}" {size} rx="12"/>'
    x, y = left + 18, (top + bottom) / 2
    turned = f'transform="translate({x:.1f} {y:.1f}) rotate(-90)"'
    yield f'<text class="once-title" {turned} text-anchor="middle">computed once</text>'


def _wire(piece: Piece, arrow: str) -> str:
    (x, y), (end_x, end_y) = piece.start, piece.end
    half = (y + end_y) / 2
    curve = f"C{x:.1f} {half:.1f} {end_x:.1f} {half:.1f} {end_x:.1f} {end_y:.1f}"
    line = f"V{end_y:.1f}" if abs(x - end_x) < 0.1 else curve
    kind = "wire lengths" if piece.label.startswith("Lengths") else "wire"
    tip = f' marker-end="url(#{arrow})"' if piece.last else ""
    ends = f'data-source="{escaped(piece.source)}" data-target="{escaped(" ".join(piece.targets))}"'
    title = f"<title>{escaped(f'{piece.source}: {piece.label}')}</title>"
    return f'<path class="{kind}" d="M{x:.1f} {y:.1f} {line}"{tip} {ends}>{title}</path>'


def _box(placed: PlacedBox, *, focusable: bool) -> Iterator[str]:
    box, node = placed.box, placed.box.node
    dashed = " only" if node.only else ""
    name = escaped(node.name)
    reach = f' tabindex="0" role="button" aria-label="{name}, {escaped(node.module)}"'
    yield (
        f'<g class="node {node.role}{dashed}" data-node="{name}"{reach if focusable else ""}>'
        f"<title>{name}: {escaped(node.summary or node.module)}</title>"
    )
    yield from _outline(placed)
    x = placed.x + box.inset
    y = placed.y + 25 + (SLANT if node.role == "data" else 0)
    yield f'<text class="name" x="{x:.1f}" y="{y:.1f}">{escaped(box.name)}</text>'
    lines = [("id", box.module), *(("fact", fact) for fact in box.facts), ("remark", box.remark)]
    for kind, text in lines:
        if text:
            y += LINE
            yield f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escaped(text)}</text>'
    yield from _labels(placed)
    yield "</g>"


def _labels(placed: PlacedBox) -> Iterator[str]:
    for label, x, y in placed.labels():
        middle = x + label.width / 2
        start = min(max(middle, placed.x + 14), placed.x + placed.box.width - 14)
        bottom = placed.y + placed.box.height
        bend = bottom + STEM / 2
        yield (
            f'<path class="stem" d="M{start:.1f} {bottom:.1f} C{start:.1f} {bend:.1f} '
            f'{middle:.1f} {bend:.1f} {middle:.1f} {y:.1f}"/>'
        )
        yield from _label(label, x, y)


def _label(label: Label, x: float, y: float) -> Iterator[str]:
    middle = x + label.width / 2
    yield f'<g class="port" data-port="{escaped(label.port.name)}">'
    origins = "; ".join((label.port.name, *label.port.origins))
    yield f"<title>{escaped(origins)}</title>"
    yield (
        f'<rect class="label" x="{x:.1f}" y="{y:.1f}" width="{label.width:.1f}"'
        f' height="{label.height:.1f}" rx="6"/>'
    )
    shape = f' <tspan class="shape" dx="2">{escaped(label.shape)}</tspan>' if label.shape else ""
    yield (
        f'<text class="kind" x="{middle:.1f}" y="{y + 14.5:.1f}" text-anchor="middle">'
        f"{escaped(label.kind)}{shape}</text>"
    )
    if label.time:
        yield (
            f'<text class="time" x="{middle:.1f}" y="{y + 29:.1f}" text-anchor="middle">'
            f"{escaped(label.time)}</text>"
        )
    yield "</g>"


def _outline(placed: PlacedBox) -> Iterator[str]:
    box, x, y = placed.box, placed.x, placed.y
    right, bottom = x + box.width, y + box.height
    match box.node.role:
        case "data":
            lid, across = SLANT / 2, box.width / 2
            yield (
                f'<path class="body" d="M{x:.1f} {y + lid:.1f} a{across:.1f} {lid} 0 0 1 '
                f"{box.width:.1f} 0 V{bottom - lid:.1f} a{across:.1f} {lid} 0 0 1 "
                f'{-box.width:.1f} 0 z"/>'
            )
            yield (
                f'<path class="lid" d="M{x:.1f} {y + lid:.1f} a{across:.1f} {lid} 0 0 0 '
                f'{box.width:.1f} 0"/>'
            )
        case "loss":
            c = SLANT
            yield (
                f'<path class="body" d="M{x + c:.1f} {y:.1f} H{right - c:.1f} L{right:.1f} '
                f"{y + c:.1f} V{bottom - c:.1f} L{right - c:.1f} {bottom:.1f} H{x + c:.1f} "
                f'L{x:.1f} {bottom - c:.1f} V{y + c:.1f} z"/>'
            )
        case "host":
            yield (
                f'<path class="body" d="M{x + SLANT:.1f} {y:.1f} H{right:.1f} L{right - SLANT:.1f}'
                f' {bottom:.1f} H{x:.1f} z"/>'
            )
        case _:
            yield (
                f'<rect class="body" x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}"'
                f' height="{box.height:.1f}" rx="8"/>'
            )
