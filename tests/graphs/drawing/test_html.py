import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from phonograph.graphs.cost import NodeCost
from phonograph.graphs.describe import describe
from phonograph.graphs.description import Description
from phonograph.graphs.drawing.html import to_html
from phonograph.graphs.node_costs import estimate_costs

BAD = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u202e\x07"
EMPTY = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """Collects elements and checks that they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [a for t, a in self.elements if t == tag and wanted.items() <= a.items()]


@pytest.fixture(scope="module")
def page(sixty, described) -> str:
    costs = estimate_costs(sixty)
    views = {name: describe(sixty, name, costs) for name in sixty.graph.spec.views}
    return to_html(described, views, "infer")


def test_views_are_tabs_and_each_has_a_drawing_and_a_table(page):
    parsed = Page(page)
    tabs, panels = parsed.all("button", role="tab"), parsed.all("section", role="tabpanel")
    assert [tab["aria-controls"] for tab in tabs] == [panel["id"] for panel in panels]
    assert [tab["aria-selected"] for tab in tabs] == ["false", "false", "false", "true"]
    assert len(parsed.all("svg")) == 4
    assert len(parsed.all("table")) == 5  # and that of the views


def test_every_node_has_its_details_and_can_be_reached_with_the_keyboard(page, described):
    parsed = Page(page)
    names = sorted(node.name for node in described.nodes)
    assert sorted(a["data-about"] for a in parsed.all("article")) == names
    for group in (a for a in parsed.all("g") if "data-node" in a):
        assert (group["tabindex"], group["role"]) == ("0", "button")


def test_sizes_say_where_they_came_from(page):
    plain = re.sub("<[^>]+>", " ", page)
    assert re.search(r"192 is left_mel\.d_model \(\S+sixty\.yaml:\d+\)", plain)
    assert re.search(r"29 is vocab\+1; vocab is data\.tokenizer \(\S+sixty\.yaml:\d+\)", plain)


def test_it_needs_no_network_and_forbids_itself_one(page):
    assert page.count("http") == page.count('xmlns="http://www.w3.org/2000/svg"') + 1
    parsed = Page(page)
    (policy,) = parsed.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'; style-src 'sha256-")
    for tag, attributes in parsed.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert not {"src", "href", "style"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    assert "@import" not in page
    assert "url(" not in re.sub(r"url\(#arrow-\d\)", "", page)


def test_the_policy_names_exactly_the_style_and_the_script_of_the_page(page):
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in page


def spoilt(description: Description) -> Description:
    """Put what could be markup wherever a file can put a text."""

    def port(row):
        bad = (*row.sizes, BAD)
        return replace(row, name=row.name + BAD, kind=BAD, sizes=bad, origins=(BAD,))

    nodes = [
        replace(
            node,
            name=node.name + BAD,
            module=BAD,
            arguments={BAD: BAD, "list": [BAD]},
            origins={BAD: BAD},
            only=BAD,
            summary=BAD,
            inputs=tuple(map(port, node.inputs)),
            outputs=tuple(map(port, node.outputs)),
            cost=replace(node.cost or NodeCost(0), unknown=BAD),
        )
        for node in description.nodes
    ]
    wires = [
        replace(
            wire,
            source=replace(wire.source, node=wire.source.node + BAD, port=wire.source.port + BAD),
            target=replace(wire.target, node=wire.target.node + BAD, port=wire.target.port + BAD),
            label=BAD,
        )
        for wire in description.wires
    ]
    views = [
        replace(view, split=BAD, score={BAD: (view.outputs[0], view.outputs[-1])})
        for view in description.views
    ]
    return replace(
        description,
        name=BAD,
        nodes=tuple(nodes),
        wires=tuple(wires),
        views=tuple(views),
        left_open=(BAD,),
    )


def test_nothing_in_a_file_becomes_markup(described):
    whole = spoilt(described)
    text = to_html(whole, {BAD: whole})
    parsed = Page(text)
    assert len(parsed.all("script")) == 1
    assert parsed.all("img") == []
    assert not any(n.startswith("on") for _, attributes in parsed.elements for n in attributes)
    assert "\u202e" not in text
    assert "\x07" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_graph_without_views_or_estimates_is_a_page_as_well(describe_at_random):
    for seed in range(5):
        Page(to_html(describe_at_random(seed), {}))
