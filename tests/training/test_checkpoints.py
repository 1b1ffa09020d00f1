"""Which weights are kept, and when."""

import math

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.errors import DataError, Diagnostic
from phonograph.graphs.bundle import read_bundle
from phonograph.training import checkpoints
from phonograph.training.lightning_graph import LightningGraph

BLIND = "modules.data.with.validation=null"


@pytest.fixture
def break_at(monkeypatch):
    """Fail before a step, with values of the graph as a function leaves them."""

    def breaking(step, change=lambda module: None):
        train_on = LightningGraph.training_step

        def training_step(self, batch):
            if self.global_step == step:
                with torch.no_grad():
                    change(self)
                raise DataError(Diagnostic("PD001", "the file is broken"))
            return train_on(self, batch)

        monkeypatch.setattr(LightningGraph, "training_step", training_step)
        monkeypatch.setattr(checkpoints, "pause_after", lambda lived, cost: math.inf)

    return breaking


def _step(bundle):
    return read_bundle(bundle, default_registry()).notes["step"]


@pytest.mark.parametrize("rare", [BLIND, "train.trainer.check_val_every_n_epoch=100"])
def test_a_training_that_fails_keeps_what_it_learnt(train, folder, break_at, rare):
    break_at(4)
    with pytest.raises(DataError, match="the file is broken"):
        train(rare)
    assert _step(folder / "run" / "last.phono") == 4
    assert _step(folder / "run" / "best.phono") == 4


def test_a_training_that_fails_before_its_first_step_keeps_nothing(train, folder, break_at):
    break_at(0)
    with pytest.raises(DataError, match="the file is broken"):
        train(BLIND)
    assert not (folder / "run" / "last.phono").exists()


@pytest.mark.parametrize("name", ["weight", "running_mean"])
def test_values_that_are_not_finite_are_not_kept(train, folder, break_at, name):
    def spoil(module):
        next(v for n, v in module.state_dict().items() if n.endswith(name)).fill_(float("nan"))

    break_at(4, spoil)
    with pytest.raises(DataError, match="the file is broken"):
        train(BLIND)
    assert not (folder / "run" / "last.phono").exists()


@pytest.mark.parametrize(("pause", "kept"), [(0.0, [1, 2, 3, 4, 5]), (1e6, [])])
def test_weights_are_kept_now_and_then_while_training(train, monkeypatch, pause, kept):
    seen = []
    save = checkpoints.Checkpoints.save_last

    def save_last(self, trainer, module):
        save(self, trainer, module)
        if trainer.training:
            seen.append(trainer.global_step)

    monkeypatch.setattr(checkpoints, "pause_after", lambda lived, cost: pause)
    monkeypatch.setattr(checkpoints.Checkpoints, "save_last", save_last)
    result = train(BLIND)
    assert seen == kept
    assert _step(result.last) == 6


def _saved_at(monkeypatch):
    seen = []
    save = checkpoints.Checkpoints.save_state

    def save_state(self, trainer):
        save(self, trainer)
        if trainer.training:
            seen.append(trainer.global_step)

    monkeypatch.setattr(checkpoints.Checkpoints, "save_state", save_state)
    return seen


def test_a_process_that_goes_on_saves_first_after_a_step_of_its_own(train, monkeypatch):
    seen = _saved_at(monkeypatch)
    train(BLIND)
    assert seen[:2] == [0, 1]
    seen.clear()
    train(BLIND, "train.trainer.max_steps=12")
    assert seen[0] == 7


@pytest.mark.parametrize("cost", [0.001, 0.1, 1.0, 20.0])
def test_a_kill_costs_half_of_a_life_and_saving_little_in_the_long_run(cost):
    now = saved = saving = 0.0
    while now < 20_000:
        now += 0.01
        pause = checkpoints.pause_after(now, cost)
        assert now - saved <= max(now / 2, cost) + 0.011
        if now - saved > pause:
            now += cost
            saved, saving = now, saving + cost
    assert saving / now < 0.06
