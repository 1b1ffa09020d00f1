import pytest

from phonograph.graphs.near_node import near_node
from phonograph.graphs.spec import NodeSpec

NODES = {
    name: NodeSpec(name, module, {}, {})
    for name, module in {"front": "asr.log_mel", "a": "asr.recurrent", "b": "asr.recurrent"}.items()
}


@pytest.mark.parametrize(
    ("name", "help_"),
    [
        ("frnt", "did you mean `front`?"),
        ("log_mel", "did you mean `front`? it is the `asr.log_mel`"),
        ("recurrent", "known are `front`, `a`, `b`"),
        ("gone", "known are `front`, `a`, `b`"),
    ],
)
def test_a_node_is_known_by_a_like_name_or_as_the_only_one_of_its_module(name, help_):
    assert near_node(name, NODES) == help_


def test_a_like_name_comes_before_a_module():
    nodes = {
        "gate": NodeSpec("gate", "combine.sum", {}, {}),
        "mix": NodeSpec("mix", "combine.gates", {}, {}),
    }
    assert near_node("gates", nodes) == "did you mean `gate`?"
