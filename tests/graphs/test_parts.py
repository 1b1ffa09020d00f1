"""Graphs with parts: arguments that are modules themselves. Their faults: diagnostics.yaml."""

from pathlib import Path

import pytest
import torch
from torch import nn

from phonograph.collections import default_registry
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document
from phonograph.graphs.lock import fingerprint, read_lock, to_lock
from phonograph.graphs.model import build
from phonograph.graphs.parts import takes_parts
from phonograph.graphs.prefix import prefix_nodes
from phonograph.types.kinds import Encoded, Frames, Lengths
from phonograph.types.ports import ports
from phonograph.types.registry import Registry, register


@register("toy.add_to", version=1)
class AddTo(nn.Module):
    """Add what a block gives to what it takes."""

    def __init__(self, feat_in: int, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    @ports(
        features=Frames("B feat_in T"),
        lengths=Lengths("B", of="T"),
        out={"encoded": Encoded("B feat_in T")},
    )
    def forward(self, features, lengths):
        return features + self.block(features, lengths)


REGISTRY = Registry({**default_registry().table, "toy.add_to": f"{__name__}:AddTo"})
GRAPH = Path(__file__).with_name("demo.yaml").read_text(encoding="utf-8")
BLOCK = "{module: asr.row_conv, with: {ahead: 2}}"


def solved(block=BLOCK):
    node = f"  add: {{module: toy.add_to, from: mel.features, with: {{block: {block}}}}}\n"
    text = GRAPH.replace(
        "  augment: {module: asr.spec_augment, from: mel",
        f"{node}  augment: {{module: asr.spec_augment, from: mel",
    )
    text = text.replace("from: augment.features", "from: add.encoded")
    checked = check_document(parse_document(text, "g.yaml", Path()), REGISTRY)
    assert checked.faults == ()
    return checked.graph


@pytest.mark.parametrize(
    ("annotation", "takes"),
    [
        (nn.Module, True),
        (nn.Linear, True),
        (list[nn.Module], True),
        (nn.Module | None, True),
        (int, False),
        (str | None, False),
        (dict[str, int], False),
    ],
)
def test_an_argument_that_is_a_module_takes_parts(annotation, takes):
    assert takes_parts(annotation) is takes


def test_a_part_is_built_with_the_size_that_its_owner_solved():
    model = build(solved())
    assert any(key.startswith("add.block.") for key in model.module.state_dict())
    features = torch.randn(2, 64, 9)
    out = model.modules["add"](features, torch.tensor([9, 5]))
    assert out.shape == features.shape


def test_a_part_survives_the_lock():
    graph = solved()
    lock = to_lock(graph)
    again = check_document(read_lock(lock, "lock"), REGISTRY).graph
    assert again is not None
    assert fingerprint(to_lock(again)) == fingerprint(lock)


def test_a_default_and_a_solved_size_spelt_out_change_nothing():
    default = REGISTRY.load("asr.recurrent").parameters["layers"].default
    spelt = solved(f"{{module: asr.recurrent, with: {{layers: {default}, feat_in: 64}}}}")
    assert to_lock(spelt) == to_lock(solved("{module: asr.recurrent}"))


def test_a_random_part_makes_its_node_random():
    assert "add" not in prefix_nodes(build(solved("{module: asr.spec_augment}")))
    assert solved("{module: asr.spec_augment}").nodes["add"].random
    assert not solved().nodes["add"].random
