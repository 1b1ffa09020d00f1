"""Weights of which each process holds a part."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule

from phonograph.training.sharding import (
    copy_into,
    divided_like,
    gathered,
    is_sharded,
    made_whole,
    own_part,
    shard,
)

RANK, WORLD = 1, 4
SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=3)


class Node(nn.Module):
    """Two layers, single convolutions, and what comes after."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(4, 4)) for _ in range(2))
        self.convs = nn.ModuleList([nn.Conv1d(4, 4, 1), nn.Conv1d(4, 4, 1)])
        self.after = nn.Linear(4, 2)


class Weight(nn.Module):
    """A weight."""

    def __init__(self, *values):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(value) for value in values])


@pytest.fixture
def mesh():
    """Be one of four processes that never meet."""
    from torch.testing._internal.distributed.fake_pg import FakeStore

    torch.distributed.init_process_group("fake", store=FakeStore(), rank=RANK, world_size=WORLD)
    yield DeviceMesh("cpu", list(range(WORLD)))
    torch.distributed.destroy_process_group()


@pytest.fixture
def alone():
    """Be the only process."""
    store = torch.distributed.HashStore()  # type: ignore[attr-defined]
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield DeviceMesh("cpu", [0])
    torch.distributed.destroy_process_group()


@given(shape=SHAPES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_process_takes_its_rows_of_what_all_hold(mesh, shape):
    whole = torch.randn(shape)
    node = Weight(torch.zeros(shape))
    shard(node, mesh, by_layer=True)
    (pattern,) = node.parameters()
    rows = [*whole.chunk(WORLD), *[whole[:0]] * WORLD]
    mine = rows[RANK]
    assert torch.equal(own_part(divided_like(whole, pattern)), mine)
    copy_into(node, {"weights.0": whole})
    assert torch.equal(own_part(pattern), mine)


def test_what_has_another_size_or_is_no_tensor_is_not_divided(mesh):
    node = Weight(torch.zeros(8))
    shard(node, mesh, by_layer=True)
    (pattern,) = node.parameters()
    norm = torch.zeros([])
    assert divided_like(norm, pattern) is norm
    assert divided_like(3, pattern) == 3
    assert divided_like(norm, torch.zeros([])) is norm


def test_layers_are_gathered_one_by_one_and_single_convolutions_are_not(mesh):
    by_layer, as_one = Node(), Node()
    shard(by_layer, mesh, by_layer=True)
    shard(as_one, mesh, by_layer=False)
    divided = [name for name, part in by_layer.named_modules() if isinstance(part, FSDPModule)]
    assert divided == ["", "layers.0", "layers.1"]
    assert [n for n, part in as_one.named_modules() if isinstance(part, FSDPModule)] == [""]
    assert is_sharded(by_layer)
    assert is_sharded(as_one)


def test_a_node_without_weights_and_one_that_is_divided_are_left_alone(mesh):
    nothing = nn.ReLU()
    shard(nothing, mesh, by_layer=True)
    assert not is_sharded(nothing)
    node = Weight(torch.ones(4))
    for _ in range(2):
        shard(node, mesh, by_layer=True)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([torch.tensor(1.0)], "`weights.0` is a single number, not a vector of one"),
        (
            [torch.ones(2), torch.ones(2, dtype=torch.bfloat16)],
            "its weights are torch.bfloat16 and torch.float32",
        ),
    ],
)
def test_weights_that_cannot_be_divided_are_named(mesh, values, reason):
    with pytest.raises(ValueError, match=f"^{reason}$"):
        shard(Weight(*values), mesh, by_layer=True)


def test_what_is_gathered_is_what_was_divided(alone):
    node = Weight(torch.zeros(3, 2))
    shard(node, alone, by_layer=True)
    whole = {"weights.0": torch.randn(3, 2)}
    copy_into(node, whole)
    told = {"step": 3, "weights": [node.state_dict()], "betas": (0.9, 0.98)}
    assert made_whole(told, keep=False)["weights"] == [{"weights.0": None}]
    found = made_whole(told, keep=True)
    assert (found["step"], found["betas"]) == (3, (0.9, 0.98))
    assert type(found["weights"][0]["weights.0"]) is torch.Tensor
    torch.testing.assert_close(found["weights"][0], whole, rtol=0, atol=0)


def test_networks_are_whole_while_they_are_gathered(alone):
    network = nn.Linear(2, 2)
    whole = network.weight.detach().clone()
    shard(network, alone, by_layer=False)
    with gathered([network, nn.ReLU()]):
        assert not is_sharded(network)
        assert torch.equal(network.weight, whole)
        network(torch.zeros(1, 2))
        assert not is_sharded(network)
    assert is_sharded(network)
