"""The LightningModule around a graph."""

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.training.lightning_graph import LightningGraph, Surroundings
from phonograph.training.run_directory import RunDirectory
from phonograph.training.settings import read_settings
from phonograph.training.split import open_split
from phonograph.training.starting_point import starting_point


@pytest.fixture
def make(load, metrics, tmp_path):
    """Build the module of a graph, with overrides."""

    def made(*overrides):
        graph = load(*overrides)
        model = starting_point(graph, default_registry(), seed=0, say=lambda line: None)
        around = Surroundings(read_settings(graph), metrics, RunDirectory(tmp_path), print)
        validation = open_split(model, "validate")
        return LightningGraph(model, open_split(model, "train"), validation, around)

    return made


def test_frozen_nodes_stay_in_evaluation_mode(make, frozen):
    module = make(*frozen).train()
    assert module.modules_by_node.head.training
    assert not any(part.training for part in module.modules_by_node.encoder.modules())
    assert all(part.training for part in make().train().modules())


def test_a_frozen_part_of_a_node_stays_in_evaluation_mode(make, frozen):
    start = frozen[0].replace("freeze: [encoder]", "freeze: [encoder.layers]")
    encoder = make(start).train().modules_by_node.encoder
    assert encoder.training
    assert not any(part.training for part in encoder.layers.modules())


def test_the_optimizer_gets_what_is_not_frozen(make, frozen):
    module = make(*frozen, "train.optimizer={name: sgd, lr: 0.5, momentum: 0.9}")
    optimizer = module.configure_optimizers()
    (group,) = optimizer.param_groups
    assert {id(w) for w in group["params"]} == {
        id(w) for w in module.modules_by_node.head.parameters()
    }
    assert isinstance(optimizer, torch.optim.SGD)
    assert (group["lr"], group["momentum"]) == (0.5, 0.9)


def test_every_weight_is_there_once(make):
    names = dict(make().named_parameters())
    assert {name.split(".")[0] for name in names} == {"modules_by_node"}
    assert "modules_by_node.head.linear.weight" in names
