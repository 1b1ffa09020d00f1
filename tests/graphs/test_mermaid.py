import re

from hypothesis import given
from hypothesis import strategies as st

from phonograph.graphs.description import Description, NodeRow, PortRow, WireRow
from phonograph.graphs.mermaid import quoted, to_mermaid
from phonograph.graphs.spec import PortName

TAKES = (PortRow("frames", "Frames", ("B", 8, "T"), None, 10.0, None, "", ""),)


def node(name: str, *, source: bool = False, cached: bool = False, host: bool = False) -> NodeRow:
    inputs = () if source else TAKES
    return NodeRow(name, f"asr.{name}", 1, {}, 0, False, cached, host, None, inputs, ())


def wire(source: str, target: str, *, automatic: bool = False) -> WireRow:
    ends = PortName(source, "out"), PortName(target, "frames")
    return WireRow(*ends, automatic, "Frames B x 8 x T")


def drawing(*nodes: NodeRow, wires: tuple[WireRow, ...] = ()) -> str:
    return to_mermaid(Description("g", nodes, wires, (), (), ()))


def test_the_whole_drawing_of_a_small_graph():
    nodes = [
        node("data", source=True),
        node("mel", cached=True),
        node("head"),
        node("end", host=True),
    ]
    wires = (wire("data", "mel"), wire("mel", "head"), wire("head", "end"))
    assert drawing(*nodes, wires=wires) == (
        "flowchart LR\n"
        '  subgraph prefix ["frozen prefix: computed once per utterance"]\n'
        '    n_mel["mel<br/>asr.mel"]\n'
        "  end\n"
        '  n_data[("data<br/>asr.data")]\n'
        '  n_head["head<br/>asr.head"]\n'
        '  n_end[/"end<br/>asr.end"/]\n'
        '  n_data -->|"Frames B x 8 x T"| n_mel\n'
        '  n_mel -->|"Frames B x 8 x T"| n_head\n'
        '  n_head -->|"Frames B x 8 x T"| n_end'
    )


def test_a_node_that_exists_in_one_view_is_dashed_and_says_so():
    row = NodeRow("augment", "asr.a", 1, {}, 0, False, False, False, "train", TAKES, ())
    text = drawing(row)
    assert 'n_augment["augment<br/>asr.a, train only"]' in text
    assert text.endswith("style n_augment stroke-dasharray: 4 3")


def test_lengths_that_come_along_are_not_drawn():
    nodes = node("data", source=True), node("mel")
    assert "-->" not in drawing(*nodes, wires=(wire("data", "mel", automatic=True),))


@given(st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True))
def test_no_node_name_is_read_as_a_word_of_mermaid(name):
    lines = drawing(node(name)).splitlines()
    assert re.fullmatch(r' +n_\w+\["[^"]*"\]', lines[1])


@given(st.text(alphabet='ab"<>#&;[]()|-', max_size=20))
def test_a_label_ends_where_its_quotes_end(label):
    inside = quoted(label)[1:-1]
    assert '"' not in inside
    assert "<" not in inside


def test_a_graph_without_prefix_has_no_subgraph():
    assert "subgraph" not in drawing(node("data", source=True), node("head"))
