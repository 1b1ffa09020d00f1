import pytest
import torch

from phonograph.graphs.model import build
from phonograph.graphs.prefix import find_prefix, prefix_nodes
from phonograph.graphs.spec import PortName

FROZEN = "init={from: x.phono, freeze: [encoder]}"
NO_AUGMENT = ("modules.augment=null", "modules.encoder.from=mel.features")


def test_the_prefix_ends_before_the_first_random_node(tiny):
    assert prefix_nodes(build(tiny(FROZEN))) == ("mel",)


def test_the_prefix_ends_before_the_first_trainable_node(tiny):
    assert prefix_nodes(build(tiny(*NO_AUGMENT))) == ("mel",)
    assert prefix_nodes(build(tiny(FROZEN, *NO_AUGMENT))) == ("mel", "encoder")


def test_the_boundary_has_the_lengths_of_its_axes(tiny):
    prefix = find_prefix(build(tiny(FROZEN, *NO_AUGMENT)), "train")
    assert prefix is not None
    assert set(prefix.boundary) == {PortName("encoder", "encoded"), PortName("encoder", "lengths")}
    assert prefix.rest.core == ("head", "loss")


@pytest.mark.parametrize("view", ["train", "validate"])
def test_head_and_rest_together_are_the_view(tiny, view):
    model = build(tiny(FROZEN, *NO_AUGMENT))
    model.module.eval()
    layer = model.modules["data"]
    dataset = layer.dataset("train")
    batch = layer.collate([dataset[index] for index in range(3)])
    data = {PortName("data", name): value for name, value in batch.items()}
    prefix = find_prefix(model, view)
    assert prefix is not None
    boundary = model.compile(prefix.head)(data)
    whole, parts = model.view(view)(data), model.compile(prefix.rest)({**data, **boundary})
    for port in model.view(view).view.outputs:
        same = torch.equal if torch.is_tensor(whole[port]) else list.__eq__
        assert same(whole[port], parts[port])


def test_a_loss_behind_frozen_nodes_stays_out_of_the_prefix(tiny):
    branch = (
        "modules.frozen_head={module: asr.ctc_head, from: encoder.encoded}",
        "modules.other={module: asr.ctc_loss, from: {log_probs: frozen_head.log_probs, "
        "targets: data.tokens}}",
        "views.train.run=[loss.loss, other.loss]",
        "init={from: x.phono, freeze: [encoder, frozen_head]}",
    )
    prefix = find_prefix(build(tiny(*NO_AUGMENT, *branch)), "train")
    assert prefix is not None
    assert prefix.nodes == ("mel", "encoder", "frozen_head")
    assert "other" in prefix.rest.core
