"""The average of the best checkpoints."""

from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from phonograph.collections import default_registry
from phonograph.graphs.bundle import read_bundle
from phonograph.training.checkpoint_average import CheckpointAverage, mean_weights
from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.run_directory import RunDirectory
from phonograph.training.settings import check_settings

OFTEN = ("train.trainer.check_val_every_n_epoch=1", "train.monitor=loss")


@pytest.fixture
def scored(monkeypatch):
    """Give validations the scores of a list, in order; the last one goes to the average."""

    def scoring(values):
        left = list(values)

        def on_validation_epoch_end(self):
            self.scores = {"loss": left.pop(0)}

        monkeypatch.setattr(LightningGraph, "on_validation_epoch_end", on_validation_epoch_end)

    return scoring


@pytest.fixture
def seen(monkeypatch):
    """What the files held when training ended."""
    found: dict[str, Any] = {}
    finish = CheckpointAverage.finish

    def finishing(self, trainer, module, best):
        found["files"] = {file.name: load_file(file) for file in sorted(self._folder.iterdir())}
        found["kept"] = list(self.kept)
        finish(self, trainer, module, best)

    monkeypatch.setattr(CheckpointAverage, "finish", finishing)
    return found


def _weights(bundle):
    return read_bundle(bundle, default_registry()).weights


def _mean(files):
    return {name: torch.stack([f[name].double() for f in files]).mean(0) for name in files[0]}


def test_the_best_are_kept_and_their_mean_is_the_best_bundle_when_it_scores_better(
    train, folder, scored, seen
):
    scored([0.9, 0.5, 0.7, 0.6, 0.8, 0.95, 0.1])
    result = train("train.average=3", *OFTEN, "train.trainer.limit_train_batches=1")
    assert seen["kept"] == [(0.5, 2), (0.6, 4), (0.7, 3)]
    assert list(seen["files"]) == [f"step-0000000{step}.safetensors" for step in (2, 3, 4)]
    best = _weights(result.best)
    for name, value in _mean(list(seen["files"].values())).items():
        if best[name].is_floating_point():
            assert torch.allclose(best[name].double(), value, atol=1e-7), name
    assert result.best_value == 0.1
    said = (folder / "said.txt").read_text(encoding="utf-8").splitlines()
    line = "the average of steps 2, 3, 4 has loss 0.1000, the best of them 0.5000: it is best.phono"
    assert line in said


def test_a_mean_that_scores_worse_changes_nothing(train, folder, scored, seen):
    scored([0.9, 0.5, 0.7, 0.6, 0.8, 0.95, 0.55])
    result = train("train.average=2", *OFTEN, "train.trainer.limit_train_batches=1")
    assert read_bundle(result.best, default_registry()).notes["step"] == 2
    assert read_bundle(result.last, default_registry()).notes["step"] == 6
    best = _weights(result.best)
    assert all(
        torch.equal(v, best[n]) for n, v in seen["files"]["step-00000002.safetensors"].items()
    )
    assert result.best_value == 0.5
    line = (
        "the average of steps 2, 4 has loss 0.5500, "
        "the best of them 0.5000: best.phono stays as it was"
    )
    assert line in (folder / "said.txt").read_text(encoding="utf-8").splitlines()


def test_with_a_moving_average_the_moving_averages_are_averaged(train, scored, seen):
    scored([0.9, 0.5, 0.7, 0.6, 0.8, 0.95, 0.1])
    settings = ("train.ema=0.9", "train.average=2", *OFTEN)
    result = train(*settings, "train.trainer.limit_train_batches=1")
    best = _weights(result.best)
    for name, value in _mean(list(seen["files"].values())).items():
        if best[name].is_floating_point():
            assert torch.allclose(best[name].double(), value, atol=1e-7), name


@pytest.mark.parametrize(
    ("later", "best", "step", "verdict"),
    [
        ([0.4, 0.3, 0.2], 0.1, 4, "best.phono stays as it was"),
        ([0.4, 0.3, 0.05], 0.05, 6, "it is best.phono"),
        ([0.4, 0.03, 0.05], 0.03, 6, "best.phono stays as it was"),
    ],
    ids=["a worse one", "a better average", "a better one"],
)
def test_an_average_stays_the_best_when_a_larger_budget_goes_on(
    train, folder, scored, later, best, step, verdict
):
    settings = ("train.average=2", *OFTEN, "train.trainer.limit_train_batches=1")
    scored([0.9, 0.5, 0.7, 0.6, 0.1, *later])
    assert train(*settings, "train.trainer.max_steps=4").best_value == 0.1
    result = train(*settings, "train.trainer.max_steps=6")
    assert result.best_value == best
    notes = read_bundle(result.best, default_registry()).notes
    assert (notes["scores"], notes["step"]) == ({"loss": best}, step)
    last = (folder / "said.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in last if "the average of" in line][-1].endswith(verdict)


def test_real_scores_choose_the_bundle_with_the_lowest(train, metrics, folder):
    result = train("train.average=3", *OFTEN, "train.trainer.max_steps=12")
    assert read_bundle(result.best, default_registry()).notes["scores"]["loss"] == pytest.approx(
        result.best_value, abs=1e-6
    )


def test_an_interrupted_training_goes_on_with_the_weights_that_are_left(train, tmp_path, seen):
    train("train.average=3", *OFTEN, "train.trainer.limit_train_batches=1")
    folder = tmp_path / "run"
    again = CheckpointAverage(RunDirectory(folder), "loss", 3, None, print)
    again.load_state_dict({"kept": [[value, step] for value, step in seen["kept"]]})
    gone = seen["kept"][-1][1]
    (folder / "averaged" / f"step-{gone:08d}.safetensors").unlink()
    (folder / "averaged" / "step-00000999.safetensors").write_bytes(b"")

    class Trainer:
        is_global_zero = True

    trainer: Any = Trainer()
    again.on_train_start(trainer)
    assert again.kept == seen["kept"][:-1]
    assert again.state_dict() == {"kept": [list(one) for one in seen["kept"][:-1]]}
    assert len(list((folder / "averaged").iterdir())) == 2


def test_one_validation_makes_no_average(train, folder):
    train("train.average=3", "train.trainer.check_val_every_n_epoch=100", "train.monitor=loss")
    line = "fewer than two checkpoints were scored, so none were averaged"
    assert line in (folder / "said.txt").read_text(encoding="utf-8").splitlines()


def test_counts_are_those_of_the_first_file(tmp_path):
    files = []
    for number in (2, 4):
        files.append(tmp_path / f"{number}.safetensors")
        halves = torch.full((2,), number / 2, dtype=torch.bfloat16)
        save_file(
            {"w": torch.full((2,), float(number)), "n": torch.tensor(number), "h": halves},
            files[-1],
        )
    mean = mean_weights(files)
    assert mean["w"].tolist() == [3.0, 3.0]
    assert mean["h"].tolist() == [1.5, 1.5]
    assert mean["h"].dtype == torch.bfloat16
    assert mean["n"].item() == 2


def test_a_count_below_two_is_refused(load):
    (fault,) = check_settings(load("train.average=1"))
    assert str(fault) == (
        "error[PG062]: `average` must be at least 2\n  --> command line: train.average=1"
    )


def test_nothing_to_score_is_refused(load):
    (fault,) = check_settings(load("train.average=2", "views.validate=null"))
    assert fault.message == "`average` needs a view `validate` that scores or runs a loss"
    assert fault.help == "delete it, or write such a view"
