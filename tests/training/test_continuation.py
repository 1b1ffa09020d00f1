"""Going on with what was broken off: bit for bit, or not at all."""

import errno
import functools
import json
import os
import signal
from pathlib import Path

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.errors import PhonographError
from phonograph.graphs.bundle import read_bundle
from phonograph.training import checkpoints, state_io
from phonograph.training.checkpoints import Checkpoints
from phonograph.training.continuation import find_state, refuse_changes, share_out
from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.position import Position
from phonograph.training.settings import read_settings
from phonograph.training.state_file import read_state, write_state

METRICS = {"wer": word_errors, "cer": character_errors}
RANDOM = (
    "modules.augment={module: asr.spec_augment, from: mel.features, only: train}",
    "modules.encoder.from=augment.features",
    "modules.encoder.with.block.dropout=0.3",
    "train.trainer.max_steps=17",
    "train.trainer.log_every_n_steps=1",
    "train.schedule={name: cosine, warmup_steps: 4}",
    "train.optimizer.weight_decay=0.1",
    "train.trainer.check_val_every_n_epoch=1",
)

SHORT = (*RANDOM, "train.trainer.max_steps=5")
TWO_A_STEP = ("train.trainer.accumulate_grad_batches=2", "train.trainer.max_steps=6")


class Killed(BaseException):
    """Ends a training as a signal would that cannot be caught."""


@pytest.fixture
def kill_at(monkeypatch):
    """End trainings at batches, a number for each; nothing is saved any more."""

    def kill(*batches, within="training_step"):
        left = list(batches)
        hook = getattr(LightningGraph, within)

        @functools.wraps(hook)  # Lightning looks at its arguments
        def killing(self, *args):
            if left and self.batches_done >= left[0]:
                left.pop(0)
                raise Killed
            return hook(self, *args)

        monkeypatch.setattr(LightningGraph, within, killing)
        monkeypatch.setattr(Checkpoints, "on_exception", lambda *_: None)

    return kill


@pytest.fixture
def often(monkeypatch):
    """Save between any two steps."""
    monkeypatch.setattr(checkpoints, "pause_after", lambda lived, cost: 0.0)


def full_after(monkeypatch, states):
    """Save between any two steps; the disk is full after so many states."""
    written: list[Path] = []

    def write(path, state):
        if len(written) == states:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        written.append(path)
        write_state(path, state)

    monkeypatch.setattr(checkpoints, "pause_after", lambda lived, cost: 0.0)
    monkeypatch.setattr(state_io, "write_state", write)


def _weights(folder: Path, run: str) -> dict[str, torch.Tensor]:
    return read_bundle(folder / run / "last.phono", default_registry()).weights


def _same(folder: Path, first: str, second: str) -> bool:
    one, other = _weights(folder, first), _weights(folder, second)
    return all(torch.equal(one[name], other[name]) for name in one | other)


def _until_done(train, *overrides, lives=20, **also):
    for _ in range(lives):
        try:
            return train(*overrides, **also)
        except Killed:
            continue
    raise AssertionError("it never ended")


def _steps(folder, run, key="train/loss"):
    lines = (folder / run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["step"]: line[key] for line in map(json.loads, lines) if key in line}


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("modules.data.with.workers=2",),
        ("train.trainer.accumulate_grad_batches=2",),
        ("modules.data.with.batch_seconds=1.2", "train.trainer.limit_train_batches=3"),
    ],
    ids=["plain", "workers", "accumulated", "part of an epoch"],
)
def test_a_killed_training_ends_with_the_same_weights(train, folder, kill_at, often, overrides):
    whole = train(*RANDOM, *overrides, run="whole")
    kill_at(1, 6, 7, 12)
    result = _until_done(train, *RANDOM, *overrides)
    assert _same(folder, "whole", "run")
    assert (result.steps, result.epochs) == (17, whole.epochs)
    assert _steps(folder, "run") == _steps(folder, "whole")
    assert _steps(folder, "run", "validation/loss") == _steps(folder, "whole", "validation/loss")
    assert result.best_value == whole.best_value


@pytest.mark.parametrize("within", ["on_validation_epoch_start", "on_save_checkpoint"])
def test_so_does_one_killed_while_it_validates_or_saves(train, folder, kill_at, often, within):
    train(*RANDOM, run="whole")
    kill_at(3, 9, within=within)
    _until_done(train, *RANDOM)
    assert _same(folder, "whole", "run")
    assert _steps(folder, "run", "validation/loss") == _steps(folder, "whole", "validation/loss")


def test_so_does_one_that_goes_back_a_while(train, folder, kill_at):
    train(*RANDOM, run="whole")
    kill_at(5, 16)
    _until_done(train, *RANDOM)  # it saves as it would elsewhere
    assert _same(folder, "whole", "run")
    assert _steps(folder, "run") == _steps(folder, "whole")


def test_ctrl_c_and_the_same_command_end_with_the_same_weights(train, folder):
    def interrupt(references, hypotheses):
        signal.raise_signal(signal.SIGINT)
        return word_errors(references, hypotheses)

    train(*RANDOM, run="whole")
    first = train(*RANDOM, metrics={**METRICS, "wer": interrupt})
    assert first.interrupted
    assert train(*RANDOM).steps == 17
    assert _same(folder, "whole", "run")
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert f"going on at step {first.steps}, after " in said


def test_ctrl_c_waits_for_the_last_batch_of_a_step(train, folder, monkeypatch):
    given = (*RANDOM, "modules.data.with.batch_seconds=1.2", *TWO_A_STEP)
    train(*given, run="whole")
    step = LightningGraph.training_step

    def interrupted(self, batch):
        if self.batches_done == 2:
            signal.raise_signal(signal.SIGINT)
        return step(self, batch)

    monkeypatch.setattr(LightningGraph, "training_step", interrupted)
    assert train(*given).interrupted
    position = read_state(folder / "run" / "last.state")["position"]
    assert (position["batches"], position["step"]) == (4, 2)
    monkeypatch.undo()
    train(*given)
    assert _same(folder, "whole", "run")


def test_a_training_that_died_after_its_last_state_loses_nothing(train, folder):
    train(*SHORT)
    run = folder / "run"
    before = read_state(run / "last.state"), read_bundle(run / "last.phono", default_registry())
    (run / "result.json").unlink()
    train(*SHORT)
    after = read_state(run / "last.state"), read_bundle(run / "last.phono", default_registry())
    assert after[1].notes == before[1].notes
    assert after[1].notes["scores"]
    assert after[0]["position"]["seconds"] >= before[0]["position"]["seconds"]


def test_a_larger_budget_goes_on_where_a_training_ended(train, folder):
    constant = ("modules.encoder.with.block.dropout=0.3", "train.optimizer.lr=1e-3")
    train(*constant, "train.trainer.max_steps=11", run="whole")
    train(*constant, "train.trainer.max_steps=5")
    assert train(*constant, "train.trainer.max_steps=11").steps == 11
    assert _same(folder, "whole", "run")


def test_what_would_make_another_training_is_refused(train, folder, kill_at, often):
    kill_at(5)
    with pytest.raises(Killed):
        train(*RANDOM)
    (folder / "train.jsonl").write_text(
        (folder / "train.jsonl").read_text(encoding="utf-8") + "\n", encoding="utf-8"
    )
    with pytest.raises(PhonographError) as caught:
        train(*RANDOM, "train.optimizer.lr=0.25", "train.seed=3", "train.trainer.max_steps=40")
    digests = [line for line in str(caught.value).splitlines() if "digests" in line]
    rest = [line for line in str(caught.value).splitlines() if "digests" not in line]
    assert len(digests) == 1
    assert (
        "\n".join(rest).replace(str(folder), "DIR")
        == """\
error[PT013]: the training in this directory was begun with other settings
  --> DIR/run
   = `train.optimizer.lr` was 0.005, now it is 0.25
   = `train.seed` was nothing, now it is 3
   = help: undo the change, train into another `--run`, or start over with `--overwrite`"""
    )


def test_a_full_disk_after_the_first_state_costs_only_the_steps_since(train, folder, monkeypatch):
    train(*RANDOM, run="whole")
    full_after(monkeypatch, 1)
    with pytest.raises(PhonographError) as caught:
        train(*RANDOM)
    state = folder / "run" / "last.new"
    assert (
        str(caught.value)
        == f"""\
error[PT011]: this cannot be written: no space left on device
  --> {state}
   = help: free some space and give the same command: it goes on from the last state"""
    )
    assert read_state(folder / "run" / "last.state")["position"]["step"] == 0
    monkeypatch.undo()
    train(*RANDOM)
    assert _same(folder, "whole", "run")
    assert _steps(folder, "run") == _steps(folder, "whole")


@pytest.mark.parametrize(
    "where",
    [
        "phonograph.training.checkpoints.save_bundle",
        "phonograph.training.metrics_log.MetricsLog._write",
        "tensorboard.summary.writer.record_writer.RecordWriter.write",
        "phonograph.training.fit.write_result",
        "phonograph.training.job.cache_prefix",
    ],
)
def test_a_full_disk_is_told_wherever_it_is_met_and_space_is_all_it_takes(
    train, folder, monkeypatch, where, capfd
):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / "run" / "it"))

    train(*SHORT, run="whole")
    monkeypatch.setattr(where, full)
    with pytest.raises(PhonographError) as caught:
        train(*SHORT)
    assert str(caught.value).startswith("error[PT011]: this cannot be written: no space left on")
    assert "Traceback" not in capfd.readouterr().err
    monkeypatch.undo()
    train(*SHORT)
    assert _same(folder, "whole", "run")
    assert _steps(folder, "run") == _steps(folder, "whole")


def test_damaged_bundles_are_written_anew(train, folder, kill_at, often):
    train(*RANDOM, run="whole")
    kill_at(5)
    with pytest.raises(Killed):
        train(*RANDOM)
    for name in ("last.phono", "best.phono"):
        (folder / "run" / name).write_bytes((folder / "run" / name).read_bytes()[:1000])
    train(*RANDOM)
    assert _same(folder, "whole", "run")


def test_what_was_half_written_goes(train, folder):
    left = folder / "run" / ".last.new.x7_ab2cd.new"
    left.parent.mkdir()
    left.write_bytes(b"half")
    train(*SHORT)
    assert not left.exists()


def test_a_damaged_state_gives_way_to_the_one_before(train, folder, kill_at, often):
    train(*RANDOM, run="whole")
    kill_at(5)
    with pytest.raises(Killed):
        train(*RANDOM)
    state = folder / "run" / "last.state"
    state.write_bytes(state.read_bytes()[:-100])
    train(*RANDOM)
    assert _same(folder, "whole", "run")
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert "warning: the state of the training cannot be read: " in said
    assert "; going on from the state before it" in said


def test_two_damaged_states_are_an_error_that_leaves_all_as_it_is(train, folder, kill_at, often):
    kill_at(5)
    with pytest.raises(Killed):
        train(*RANDOM)
    run = folder / "run"
    for name in ("last.state", "previous.state"):
        (run / name).write_bytes(b"nonsense")
    before = sorted((file.name, file.stat().st_size) for file in run.iterdir() if file.is_file())
    with pytest.raises(PhonographError, match="PT010") as caught:
        train(*RANDOM)
    help = "start over with `--overwrite`; the bundles that were saved are intact until then"
    assert [fault.help for fault in caught.value.diagnostics] == [help, help]
    after = sorted((file.name, file.stat().st_size) for file in run.iterdir() if file.is_file())
    assert after == before
    train(*RANDOM, overwrite=True)


def test_no_state_is_no_continuation(tmp_path):
    assert find_state(tmp_path / "last.state", print) is None


def test_the_state_says_where_it_stands(train, folder):
    result = train("train.trainer.max_steps=7")
    position = Position(**read_state(folder / "run" / "last.state")["position"])
    assert (position.step, position.processes) == (7, 1)
    assert position.epoch == result.epochs


def test_fewer_processes_take_more_batches_each(load):
    settings = read_settings(load("train.trainer.accumulate_grad_batches=3"))
    begun = Position(batches=8, per_epoch=20, processes=4, step=2, seconds=1.0)
    assert share_out(settings, begun, 4).trainer["accumulate_grad_batches"] == 3
    assert share_out(settings, begun, 2).trainer["accumulate_grad_batches"] == 6
    with pytest.raises(PhonographError) as caught:
        share_out(settings, begun, 3)
    assert (
        str(caught.value)
        == """\
error[PT012]: the training was begun by 4 processes and 3 go on
   = help: go on with 4, or a number that divides it; or use another `--run`"""
    )


def test_changes_of_the_budget_and_of_devices_are_let_pass(tmp_path):
    before = {"train": {"trainer": {"max_steps": 3, "devices": 2}, "threads": 1}}
    refuse_changes(tmp_path, before, {"train": {"trainer": {"max_epochs": 9}}})


def test_a_state_of_another_kind_is_damaged(tmp_path):
    write_state(tmp_path / "last.state", {"step": 3})
    with pytest.raises(PhonographError, match="PT010"):
        find_state(tmp_path / "last.state", print)
