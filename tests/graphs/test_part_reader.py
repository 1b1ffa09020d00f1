"""Graphs with parts: arguments that are modules themselves. Their faults: diagnostics.yaml."""

from pathlib import Path

import pytest
import torch
from torch import nn

from phonograph.collections import default_registry
from phonograph.graphs.check import check_document
from phonograph.graphs.document import parse_document
from phonograph.graphs.lock import fingerprint, read_lock, to_lock
from phonograph.graphs.model import build, is_waiting
from phonograph.graphs.part_reader import takes_parts
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


def checked(block):
    node = f"  add: {{module: toy.add_to, from: mel.features, with: {{block: {block}}}}}\n"
    text = GRAPH.replace(
        "  augment: {module: asr.spec_augment, from: mel",
        f"{node}  augment: {{module: asr.spec_augment, from: mel",
    )
    text = text.replace("from: augment.features", "from: add.encoded")
    return check_document(parse_document(text, "g.yaml", Path()), REGISTRY)


def faults_of(block):
    return checked(block).faults


def solved(block=BLOCK):
    found = checked(block)
    assert found.faults == ()
    return found.graph


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


def test_a_part_inside_a_part_gets_its_sizes_from_around_it():
    inner = "{module: asr.row_conv, with: {ahead: 2}}"
    model = build(solved(f"{{module: block.residual, with: {{repeat: 2, block: {inner}}}}}"))
    features = torch.randn(1, 64, 9)
    assert model.modules["add"](features, torch.tensor([9])).shape == features.shape


def test_what_is_open_in_a_part_waits_and_the_rest_of_it_is_checked():
    graph = solved('{module: asr.row_conv, with: {ahead: "???"}}')
    assert is_waiting(graph.nodes["add"])
    assert solved('{module: "???"}').nodes["add"].parameters["block"] == "???"
    faults = faults_of('{module: asr.row_conf, with: {ahead: "???"}}')
    assert [fault.message for fault in faults] == ["unknown module `asr.row_conf`"]


@pytest.mark.parametrize(
    ("block", "mended"),
    [
        ("{module: asr.row_conf, with: {ahead: 2}}", "asr.row_conv"),
        ("{module: asr.row_conv, with: {ahed: 2}}", "ahead"),
        ("{modul: x, module: asr.row_conv, with: {ahead: 2}}", None),
        ('{module: asr.row_conv, with: {ahead: "2"}}', "2"),
    ],
)
def test_what_is_certain_is_mended_in_parts_too(block, mended):
    (fault,) = faults_of(block)
    assert (fault.fix and fault.fix.text) == mended
