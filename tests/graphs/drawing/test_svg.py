import xml.etree.ElementTree as ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.graphs.drawing.layout import lay_out
from phonograph.graphs.drawing.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def test_every_node_and_every_label_is_in_the_picture(described):
    root = ElementTree.fromstring(to_svg(described))
    names = [g.get("data-node", "") for g in root.iter(f"{SVG}g") if g.get("data-node")]
    assert sorted(names) == sorted(node.name for node in described.nodes)
    shown = texts(root)
    assert {node.name for node in described.nodes} <= set(shown)
    for placed in lay_out(described).boxes.values():
        for label in placed.box.labels:
            assert f"{label.kind} {label.shape}".strip() in shown
            assert not label.time or label.time in shown
    assert "Mel B x 80 x T".replace(" x ", " \N{MULTIPLICATION SIGN} ") in shown
    assert "every 10 ms, ahead 12.4 ms" in shown


def test_every_wire_ends_in_an_arrow(described):
    root = ElementTree.fromstring(to_svg(described))
    ends = [p for p in root.iter(f"{SVG}path") if p.get("marker-end")]
    arriving = {target for p in ends for target in p.get("data-target", "").split()}
    assert arriving == {str(w.target) for w in described.wires if not w.automatic}


def test_parts_differ_in_shape_not_only_in_colour(described):
    root = ElementTree.fromstring(to_svg(described))
    shapes: dict[str, set[str]] = {}
    for group in root.iter(f"{SVG}g"):
        role = (group.get("class") or "").removeprefix("node ")
        if group.get("data-node"):
            body = next(e for e in group if e.get("class") == "body")
            commands = "".join(c for c in body.get("d", "rect") if c.isalpha())
            shapes.setdefault(role.removesuffix(" only"), set()).add(commands)
    assert sorted(shapes) == ["data", "host", "loss", "module"]
    assert len({min(forms) for forms in shapes.values()}) == 4


def test_what_exists_in_one_view_is_dashed(described):
    svg = to_svg(described)
    assert 'class="node module only" data-node="dither"' in svg
    assert ".only .body{stroke-dasharray" in svg


def test_it_is_the_same_every_time(described):
    assert to_svg(described) == to_svg(described)


def test_it_needs_nothing_else(described):
    svg = to_svg(described)
    assert svg.count("http") == svg.count("http://www.w3.org/2000/svg") == 1
    for word in ("<script", "@import", "<image", "foreignObject"):
        assert word not in svg
    assert "url(" not in svg.replace("url(#arrow)", "")
    assert "prefers-color-scheme:dark" in svg


def test_any_graph_gives_well_formed_xml(describe_at_random):
    @given(st.integers(0, 10**6))
    @settings(max_examples=25, deadline=None)
    def check(seed: int) -> None:
        root = ElementTree.fromstring(to_svg(describe_at_random(seed)))
        assert "nan" not in ElementTree.tostring(root, encoding="unicode")

    check()
