import json
from dataclasses import replace

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.errors import DataError, GraphError, PhonographError
from phonograph.training.dry_run import dry_run
from phonograph.training.trial import Runner


@pytest.fixture
def attempt(load, metrics):
    def attempted(*overrides):
        said: list[str] = []
        found = dry_run(load(*overrides), default_registry(), metrics=metrics, say=said.append)
        return found, said

    return attempted


def test_every_view_is_tried_and_nothing_is_written(attempt, folder, monkeypatch):
    monkeypatch.chdir(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    found, said = attempt()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert said == []
    assert [trial.view for trial in found.trials] == ["train", "validate", "infer"]
    assert [trial.fed for trial in found.trials] == [False, False, True]
    assert all(trial.finite for trial in found.trials)
    assert (found.skipped, found.faults, found.prefix) == ({}, (), ("mel",))
    assert (found.device, found.processes) == ("cpu", 1)


def test_memory_is_that_of_the_model(attempt, load):
    found, _ = attempt("train.optimizer={name: adamw}")
    memory = found.memory
    assert memory.weights == memory.gradients  # all are trained
    assert 2 * memory.weights < memory.optimizer < 2.1 * memory.weights
    assert memory.activations > 0
    assert memory.total > 4 * memory.weights
    plain, _ = attempt("train.optimizer={name: sgd, lr: 0.01}")
    assert plain.memory.optimizer == 0


def test_time_is_estimated_for_the_whole_training(attempt):
    found, _ = attempt("train.trainer={max_epochs: 3, accelerator: cpu}")
    assert found.time.ends_by == "max_epochs"
    assert found.time.steps == 3 * found.time.steps_per_epoch
    assert found.time.steps_per_epoch == found.trials[0].batches
    assert found.time.seconds > 3 * found.time.epoch_seconds > 0
    assert found.time.prefix_seconds > 0
    assert found.timed == found.trials[0].batches - 1


def test_without_a_cache_nothing_is_computed_apart(attempt):
    found, _ = attempt("train.cache=false")
    assert (found.prefix, found.time.prefix_seconds) == ((), 0.0)


def test_a_checkpoint_is_loaded_and_what_is_frozen_has_no_gradients(attempt, frozen):
    found, said = attempt(*frozen)
    assert any(line.startswith("frozen: encoder") for line in said)
    assert found.prefix == ("mel", "encoder")
    assert found.memory.gradients < found.memory.weights


def test_the_model_learns_as_training_does(attempt, train, folder):
    found, _ = attempt("train.seed=3")
    train("train.seed=3", "train.trainer.max_steps=1", "train.trainer.log_every_n_steps=1")
    lines = (folder / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines()
    first = next(json.loads(line)["train/loss"] for line in lines if "train/loss" in line)
    # one is of the longest batch, the other of the first one
    assert found.trials[0].loss == pytest.approx(first, rel=0.7)


def test_a_view_whose_data_is_not_given_is_skipped(attempt):
    found, _ = attempt(
        "modules.data.with.validation=null",
        "views.test={run: [loss.loss]}",
        "views.late={feed: [mel.features], run: [text.text]}",
    )
    assert found.skipped == {
        "validate": "no validation manifest is given",
        "test": "no test manifest is given",
        "late": "no data gives `mel.features`, with which it is fed",
    }
    assert [trial.view for trial in found.trials] == ["train", "infer"]
    assert found.time.validations == 0


def test_faults_of_all_manifests_are_told_at_once(attempt, folder):
    (folder / "train.jsonl").unlink()
    (folder / "validation.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(DataError) as raised:
        attempt()
    told = [(fault.code, str(fault.place)) for fault in raised.value.diagnostics]
    assert told == [
        ("PD001", f"{folder}/train.jsonl"),
        ("PD002", f"{folder}/validation.jsonl"),
    ]


def test_a_broken_recording_is_told_as_in_training(attempt, folder):
    (folder / "train1.wav").write_bytes(b"no sound")
    with pytest.raises(DataError) as raised:
        attempt()
    assert [fault.code for fault in raised.value.diagnostics] == ["PD010"]


def test_an_utterance_that_cannot_be_aligned_is_named(attempt, folder):
    manifest = folder / "train.jsonl"
    lines = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line["text"] = "abcd" * 40
    manifest.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    found, _ = attempt("modules.data.with.batch_seconds=100")
    assert sorted(found.trials[0].rejected) == [f"train{number}" for number in range(8)]


def test_what_cannot_be_trained_is_told_as_in_training(attempt):
    with pytest.raises(GraphError, match="the view `train` runs no loss"):
        attempt("views.train={run: [head.log_probs]}")
    with pytest.raises(GraphError, match="nothing ends the training"):
        attempt("train.trainer={}")


def test_a_loss_that_is_not_finite_is_a_fault_and_the_weights_stay(attempt, monkeypatch):
    losses = Runner.losses

    def spoilt(self, values):
        found = losses(self, values)
        if self.view != "train" or found is None:
            return found
        return replace(found, total=found.total * float("nan"))

    monkeypatch.setattr(Runner, "losses", spoilt)
    found, _ = attempt("modules.data.with.batch_seconds=100")
    (fault,) = found.faults
    assert str(fault) == (
        "error[PT004]: the loss is nan within the first steps\n"
        "   = the batch holds `train3`, `train6`, `train5`, `train4`, `train0`, `train2`, "
        "`train1`, `train7`\n"
        "   = help: lower `lr`, clip (train.trainer.gradient_clip_val=1), or hear the recordings"
    )
    assert not found.trials[0].finite
    assert found.trials[1].finite


def test_so_is_a_gradient(attempt, monkeypatch):
    losses = Runner.losses

    def spoilt(self, values):
        found = losses(self, values)
        if self.view != "train" or found is None:
            return found
        return replace(found, total=found.total + (0 * found.total).sqrt())

    monkeypatch.setattr(Runner, "losses", spoilt)
    found, _ = attempt("modules.data.with.batch_seconds=100")
    (fault,) = found.faults
    message = "the loss is finite, but gradients are not, within the first steps"
    assert (fault.code, fault.message) == ("PT032", message)
    assert all(trial.finite for trial in found.trials)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError,
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError(),
    ],
    ids=type,
)
def test_a_batch_that_does_not_fit_says_what_to_lower(attempt, monkeypatch, error):
    def full(*_, **__):
        raise error

    monkeypatch.setattr(Runner, "forward", full)
    with pytest.raises(PhonographError) as raised:
        attempt("modules.data.with.batch_seconds=100")
    assert str(raised.value) == (
        "error[PT008]: the longest batch does not fit into memory: 8 utterances of up to 0.6 s\n"
        "   = help: lower `batch_seconds` of the data layer, now 100"
    )


def test_other_errors_come_through(attempt, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Runner, "forward", broken)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        attempt()
