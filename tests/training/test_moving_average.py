"""The moving average of the weights."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections import default_registry
from phonograph.graphs.bundle import open_bundle, read_bundle
from phonograph.training.evaluate import evaluate
from phonograph.training.lightning_graph import LightningGraph, Surroundings
from phonograph.training.moving_average import MovingAverage, decay_at
from phonograph.training.run_directory import RunDirectory
from phonograph.training.settings import check_settings, read_settings
from phonograph.training.split import open_split
from phonograph.training.starting_point import starting_point

DECAYS = st.floats(0.01, 0.9999)
EVERY_EPOCH = "train.trainer.check_val_every_n_epoch=1"


def _weights(bundle):
    return read_bundle(bundle, default_registry()).weights


@pytest.fixture
def steps(monkeypatch):
    """Weights in the model after each step of the optimizer, before any callback sees them."""
    seen = []
    update = MovingAverage.on_train_batch_end

    def on_train_batch_end(self, trainer, pl_module, *rest):
        state = pl_module.modules_by_node.state_dict()
        seen.append((trainer.global_step, {n: v.clone() for n, v in state.items()}))
        update(self, trainer, pl_module, *rest)

    monkeypatch.setattr(MovingAverage, "on_train_batch_end", on_train_batch_end)
    return seen


@pytest.fixture
def module(load, metrics, tmp_path):
    """The module of a graph, without a Trainer."""
    graph = load()
    model = starting_point(graph, default_registry(), seed=0, say=lambda line: None)
    around = Surroundings(read_settings(graph), metrics, RunDirectory(tmp_path), print)
    return LightningGraph(model, open_split(model, "train"), None, around)


def _at(step):
    return SimpleNamespace(global_step=step)


def _move(module, by):
    with torch.no_grad():
        for weight in module.parameters():
            weight += by


def _expected(first, steps, decay):
    average = {name: value.double() for name, value in first.items()}
    for update, (_, weights) in enumerate(steps):
        kept = decay_at(update, decay)
        for name, value in weights.items():
            old = average[name] if value.is_floating_point() else value
            average[name] = kept * old + (1 - kept) * value
    return average


@given(st.integers(0, 100_000), DECAYS)
def test_the_decay_grows_up_to_what_is_written(update, decay):
    assert 0 < decay_at(update, decay) <= decay_at(update + 1, decay) <= decay
    assert decay_at(10_000_000, decay) == decay


def test_the_bundles_hold_the_average_of_the_weights_after_each_step(train, load, steps):
    first = {}
    begin = MovingAverage.on_train_start

    def on_train_start(self, trainer, pl_module):
        first.update({n: v.clone() for n, v in pl_module.modules_by_node.state_dict().items()})
        begin(self, trainer, pl_module)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MovingAverage, "on_train_start", on_train_start)
        result = train("train.ema=0.5")
    assert [step for step, _ in steps] == [1, 2, 3, 4, 5, 6]
    saved, expected = _weights(result.last), _expected(first, steps, 0.5)
    assert saved.keys() == expected.keys()
    for name, value in saved.items():
        assert torch.allclose(value.double(), expected[name].double(), atol=1e-6), name
    assert not torch.equal(saved["head.linear.weight"], steps[-1][1]["head.linear.weight"])


def test_running_statistics_are_averaged_and_counts_are_taken_as_they_are(train, steps):
    result = train("train.ema=0.9", "train.trainer.max_steps=3")
    saved = _weights(result.last)
    counts = [name for name in saved if name.endswith("num_batches_tracked")]
    assert counts
    assert all(saved[name] == 3 for name in counts)
    means = [name for name in saved if name.endswith("running_mean")]
    assert all(not torch.equal(saved[name], steps[-1][1][name]) for name in means)


def test_training_goes_on_with_its_own_weights(train, steps):
    train("train.ema=0.99", EVERY_EPOCH, run="slow")
    slow = steps.copy()
    steps.clear()
    train("train.ema=0.01", EVERY_EPOCH, run="quick")
    for (_, one), (_, other) in zip(slow, steps, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_scored_is_what_is_saved(train, folder, metrics):
    result = train("train.ema=0.9", EVERY_EPOCH, "train.monitor=loss")
    model = open_bundle(result.best, default_registry())
    again = evaluate(model, folder / "validation.jsonl", metrics)
    assert again.loss == pytest.approx(result.best_value, abs=1e-5)


def test_accumulated_gradients_are_one_update(train, steps):
    updates = []
    end = MovingAverage.on_train_end

    def on_train_end(self, *rest):
        updates.append(self.updates)
        end(self, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MovingAverage, "on_train_end", on_train_end)
        train("train.ema=0.9", "train.trainer.accumulate_grad_batches=2")
    assert updates == [6]
    assert len(steps) > 6


def test_frozen_weights_are_not_averaged(train, frozen):
    averaged = []
    end = MovingAverage.on_train_end

    def on_train_end(self, *rest):
        averaged.extend(self.state_dict()["average"])
        end(self, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MovingAverage, "on_train_end", on_train_end)
        train("train.ema=0.9", *frozen)
    assert {name for name in averaged if name.startswith("encoder") and "weight" in name} == set()
    assert "head.linear.weight" in averaged


def test_an_average_that_is_loaded_goes_on_as_one_that_was_never_stopped(module):
    one, other = MovingAverage(0.9), MovingAverage(0.9)
    one.on_train_start(_at(0), module)
    for step in (1, 2):
        _move(module, 0.1)
        one.on_train_batch_end(_at(step), module)
    other.load_state_dict({**one.state_dict(), "average": _copied(one.state_dict()["average"])})
    other.on_train_start(_at(2), module)
    _move(module, 0.1)
    for average in (one, other):
        average.on_train_batch_end(_at(3), module)
    first, second = one.state_dict(), other.state_dict()
    assert first["updates"] == second["updates"] == 3
    assert first["average"].keys() == second["average"].keys()
    assert all(torch.equal(v, second["average"][name]) for name, v in first["average"].items())


def _copied(values):
    return {name: value.clone() for name, value in values.items()}


def test_a_state_from_a_validation_gives_back_the_training_weights(module):
    average = MovingAverage(0.9)
    average.on_train_start(_at(0), module)
    _move(module, 0.1)
    average.on_train_batch_end(_at(1), module)
    training = _copied(dict(module.named_parameters()))
    average.on_validation_start(_at(1), module)
    assert not all(torch.equal(v, training[name]) for name, v in module.named_parameters())
    with average.applied(module):
        saved = average.state_dict()
    loaded = MovingAverage(0.9)
    loaded.load_state_dict({**saved, "average": _copied(saved["average"])})
    loaded.on_train_start(_at(1), module)
    assert all(torch.equal(v, training[name]) for name, v in module.named_parameters())
    for name, value in saved["average"].items():
        assert torch.equal(value, loaded.state_dict()["average"][name])


def test_the_average_of_bf16_weights_has_the_digits_of_float32(module):
    module.to(torch.bfloat16)
    average = MovingAverage(0.999)
    average.updates = 1_000_000
    average.on_train_start(_at(0), module)
    before = _copied(average.state_dict()["average"])
    _move(module, 0.125)
    average.on_train_batch_end(_at(1), module)
    name = "head.linear.bias"
    moved = average.state_dict()["average"][name] - before[name]
    assert torch.allclose(moved, torch.full_like(moved, 0.000125), rtol=0.05)


@pytest.mark.parametrize("decay", ["0", "1", "-0.5", "1.5"])
def test_a_decay_out_of_range_is_refused(load, decay):
    (fault,) = check_settings(load(f"train.ema={decay}"))
    assert (
        str(fault)
        == f"""\
error[PG062]: `ema` must be between 0 and 1
  --> command line: train.ema={decay}
   = help: a usual decay is 0.999; leave it out to keep no average"""
    )
