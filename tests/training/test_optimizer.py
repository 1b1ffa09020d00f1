import pytest
import torch
from torch import nn

from phonograph.errors import GraphError
from phonograph.training.optimizer import build_optimizer, keep_frozen_still, set_rate
from phonograph.training.schedule import Schedule
from phonograph.training.settings import read_settings


def test_frozen_weights_are_not_in_the_optimizer(load):
    graph = load("train.optimizer={name: sgd, lr: 0.5}")
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False))
    optimizer = build_optimizer(module, read_settings(graph), graph)
    assert isinstance(optimizer, torch.optim.SGD)
    assert [len(group["params"]) for group in optimizer.param_groups] == [2]
    assert optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize(
    ("written", "fused"),
    [
        ("{name: adamw, lr: 0.1}", True),
        ("{name: sgd, lr: 0.1}", None),
        ("{name: adamw, lr: 0.1, fused: false}", False),
        ("{name: adamw, lr: 0.1, foreach: true}", None),
        ("{name: radam, lr: 0.1}", None),
    ],
)
def test_a_step_is_one_operation_unless_something_else_is_asked_for(load, written, fused):
    graph = load(f"train.optimizer={written}")
    optimizer = build_optimizer(nn.Linear(2, 2), read_settings(graph), graph)
    assert optimizer.param_groups[0].get("fused") is fused


def test_weights_without_values_are_no_fault(load):
    graph = load("train.optimizer={name: adamw, lr: 0.1}")
    optimizer = build_optimizer(nn.Linear(2, 2, device="meta"), read_settings(graph), graph)
    assert not optimizer.param_groups[0]["fused"]


def test_a_refused_argument_names_its_place(load, folder):
    graph = load("train.optimizer={name: adamw, betas: [2.0, 3.0]}")
    with pytest.raises(GraphError) as raised:
        build_optimizer(nn.Linear(2, 2), read_settings(graph), graph)
    (fault,) = raised.value.diagnostics
    assert fault.code == "PT005"
    assert fault.message.startswith("`adamw` refuses its arguments: Invalid beta parameter")
    assert fault.place is not None


def test_only_whole_frozen_parts_stay_still():
    frozen, trained = nn.BatchNorm1d(2).requires_grad_(False), nn.BatchNorm1d(2)
    module = nn.Sequential(frozen, trained, nn.Dropout()).train()
    keep_frozen_still(module)
    assert [part.training for part in module] == [False, True, True]
    assert module.training


def test_the_rate_of_a_step_comes_from_the_written_one_every_time():
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=2.0)
    schedule = Schedule(name="linear", warmup_steps=2)
    rates = []
    for step in range(4):
        set_rate(optimizer, schedule, step, step / 4)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 1.5, 1.0, 0.5]
