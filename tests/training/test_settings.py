"""The `train` section."""

import inspect
import json
import subprocess
import sys
from typing import Any

import pytest
import torch

from phonograph.errors import GraphError
from phonograph.training.budget import Budget
from phonograph.training.optimizer_choice import OPTIMIZERS
from phonograph.training.schedule import Schedule
from phonograph.training.settings import check_settings, read_settings, scores_of


def _faults(graph, folder):
    return "\n\n".join(map(str, check_settings(graph))).replace(str(folder), "DIR")


def test_what_is_written_is_read(load):
    settings = read_settings(
        load(
            "train={optimizer: {name: sgd, lr: 1, momentum: 0.9, nesterov: true}, seed: 3,"
            " schedule: {name: cosine, warmup_steps: 5, final: 0.1}, cache: false, monitor: cer,"
            ' trainer: {max_time: "00:00:02:30", devices: [0, 1], precision: 16-mixed}}'
        )
    )
    assert settings.optimizer == "sgd"
    assert settings.rates == {"lr": 1.0, "momentum": 0.9, "nesterov": True}
    assert settings.schedule == Schedule(name="cosine", warmup_steps=5, final=0.1)
    assert settings.budget == Budget(seconds=150)
    assert settings.trainer["devices"] == [0, 1]
    assert (settings.seed, settings.cache, settings.monitor) == (3, False, "cer")


def test_most_of_it_may_be_left_out(load):
    settings = read_settings(load("train={trainer: {max_epochs: 1}}"))
    assert (settings.optimizer, settings.rates) == ("adamw", {})
    assert (settings.schedule, settings.seed, settings.cache) == (Schedule(), 0, True)
    assert check_settings(load("train=null")) == []


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_its_own_defaults_as_yaml_writes_them(load, name):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer: Any = OPTIMIZERS[name]
    defaults = optimizer([weight]).defaults
    arguments = inspect.signature(OPTIMIZERS[name]).parameters
    plain = {key: value for key, value in defaults.items() if key in arguments}
    train = {"optimizer": {"name": name, **plain}, "trainer": {"max_steps": 1}}
    settings = read_settings(load(f"train={json.dumps(train)}"))
    again = optimizer([weight], **settings.rates)
    assert again.defaults == defaults


def test_all_faults_are_told_at_once_with_their_places(folder, load):
    text = (folder / "graph.yaml").read_text(encoding="utf-8")
    text = text[: text.index("train: {optimizer")] + (
        "train:\n"
        "  optimizer: {name: adamw, lrr: 0.1, lr: fast, betas: [0.9, much]}\n"
        "  schedule: {name: cosine, warmup: 3}\n"
        "  trainer: {max_step: 9, max_epochs: 1.5, logger: false, strategy: ddp_spawn}\n"
        "  monitor: were\n"
        "  seed: -1\n"
    )
    (folder / "graph.yaml").write_text(text, encoding="utf-8")
    assert (
        _faults(load(), folder)
        == """\
error[PG061]: `adamw` has no argument `lrr`
   --> DIR/graph.yaml:21:28
    |
 21 |   optimizer: {name: adamw, lrr: 0.1, lr: fast, betas: [0.9, much]}
    |                            ^^^
    = help: did you mean `lr`?

error[PG062]: `lr` wants a number, got the text "fast"
   --> DIR/graph.yaml:21:42
    |
 21 |   optimizer: {name: adamw, lrr: 0.1, lr: fast, betas: [0.9, much]}
    |                                          ^^^^

error[PG062]: `betas` wants a number, got the text "much"
   --> DIR/graph.yaml:21:61
    |
 21 |   optimizer: {name: adamw, lrr: 0.1, lr: fast, betas: [0.9, much]}
    |                                                             ^^^^

error[PG062]: `schedule` has no setting `warmup`
   --> DIR/graph.yaml:22:28
    |
 22 |   schedule: {name: cosine, warmup: 3}
    |                            ^^^^^^
    = help: known are `name`, `warmup_steps`, `warmup_ratio`, `final`, `min_lr`, `power`, `d_model`

error[PG063]: `logger` is phonograph's own affair: metrics.jsonl and tensorboard/ are always written
   --> DIR/graph.yaml:23:43
    |
 23 |   trainer: {max_step: 9, max_epochs: 1.5, logger: false, strategy: ddp_spawn}
    |                                           ^^^^^^
    = help: delete it

error[PG063]: phonograph starts the processes itself
   --> DIR/graph.yaml:23:68
    |
 23 |   trainer: {max_step: 9, max_epochs: 1.5, logger: false, strategy: ddp_spawn}
    |                                                                    ^^^^^^^^^
    = help: write `strategy: ddp`

error[PG061]: `Trainer` has no argument `max_step`
   --> DIR/graph.yaml:23:13
    |
 23 |   trainer: {max_step: 9, max_epochs: 1.5, logger: false, strategy: ddp_spawn}
    |             ^^^^^^^^
    = help: did you mean `max_steps`, `max_time` or `min_steps`?

error[PG062]: `max_epochs` wants a whole number, got 1.5
   --> DIR/graph.yaml:23:38
    |
 23 |   trainer: {max_step: 9, max_epochs: 1.5, logger: false, strategy: ddp_spawn}
    |                                      ^^^

error[PG062]: `seed` must be at least 0
   --> DIR/graph.yaml:25:9
    |
 25 |   seed: -1
    |         ^^

error[PG065]: the view `validate` has no score `were`
   --> DIR/graph.yaml:24:12
    |
 24 |   monitor: were
    |            ^^^^
    = help: did you mean `wer`?"""
    )


def test_an_unknown_optimizer_is_named_with_its_neighbours(load):
    (fault,) = check_settings(load("train={optimizer: {name: adamv}}"))
    assert fault.code == "PG060"
    assert fault.message == "unknown optimizer `adamv`"
    assert fault.help == "did you mean `adam`, `adamw` or `radam`?"


@pytest.mark.parametrize("time", ['"2:30"', "5", "{minute: 1}"])
def test_a_time_that_lightning_would_not_read_is_refused(load, time):
    (fault,) = check_settings(load(f"train={{trainer: {{max_time: {time}}}}}"))
    assert fault.code == "PG062"
    assert "`max_time` wants" in fault.message


def test_values_still_to_be_given_pass_a_check_but_not_training(load):
    graph = load("train.optimizer.lr=???", "train.trainer.max_steps=???")
    assert check_settings(graph) == []
    with pytest.raises(GraphError) as caught:
        read_settings(graph)
    assert (
        str(caught.value)
        == """\
error[PG064]: `train.optimizer.lr` is left open
  --> command line: train.optimizer.lr=???
   = help: give it: train.optimizer.lr=…

error[PG064]: `train.trainer.max_steps` is left open
  --> command line: train.trainer.max_steps=???
   = help: give it: train.trainer.max_steps=…"""
    )


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.name=[adamw]", "`name` wants text, got a list"),
        ('trainer.max_time="99999999999:00:00:00"', "`max_time` wants fewer days"),
        ("trainer.max_time={minutes: 1.5}", "`max_time` wants a whole number, got 1.5"),
        ("trainer.limit_train_batches=0", "`limit_train_batches` must be above 0"),
        ("trainer.accumulate_grad_batches=0", "`accumulate_grad_batches` must be above 0"),
    ],
)
def test_values_that_cannot_be_used_are_refused_by_the_check(load, override, said):
    (fault,) = check_settings(load(f"train.{override}"))
    assert (fault.code, fault.message) == ("PG062", said)


def test_what_is_left_open_inside_a_list_is_asked_for_when_training(load):
    graph = load("train.optimizer.betas=['???', 0.9]")
    assert check_settings(graph) == []
    with pytest.raises(GraphError) as caught:
        read_settings(graph)
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.message) == ("PG064", "`train.optimizer.betas.0` is left open")


def test_a_time_may_be_written_as_a_mapping(load):
    settings = read_settings(load("train={trainer: {max_time: {minutes: 2, seconds: 5}}}"))
    assert settings.budget == Budget(seconds=125)


def test_a_training_without_end_is_refused(load):
    with pytest.raises(GraphError, match="nothing ends the training"):
        read_settings(load("train={trainer: {max_steps: -1}}"))


def test_the_scores_are_those_of_the_validate_view(load):
    assert scores_of(load()) == ("wer", "cer", "loss")
    assert scores_of(load("views.validate={run: [loss.loss]}")) == ("loss",)


def test_checking_trainer_arguments_does_not_import_lightning(folder):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from phonograph.collections import default_registry\n"
        "from phonograph.graphs.check import load_graph\n"
        "from phonograph.training.settings import check_settings\n"
        f"graph = load_graph(Path({str(folder / 'graph.yaml')!r}), [], default_registry())\n"
        "assert graph.spec.train['trainer']\n"
        "print(check_settings(graph), 'pytorch_lightning' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] False\n"


@pytest.mark.parametrize(
    ("optimizer", "schedule", "peak"),
    [
        ("{name: sgd, lr: 0.1}", "{name: cosine, min_lr: 0.2}", "0.1"),
        ("{name: adamw}", "{name: cosine, min_lr: 0.2}", "0.001"),
        ("{lr: 2}", "{name: noam, d_model: 100, warmup_steps: 100, min_lr: 0.1}", "0.02"),
    ],
)
def test_a_floor_above_the_highest_rate_is_refused(load, optimizer, schedule, peak):
    (fault,) = check_settings(load(f"train.optimizer={optimizer}", f"train.schedule={schedule}"))
    assert fault.code == "PG062"
    assert fault.message == f"`min_lr` is above the highest rate, which is {peak}"
    assert fault.help == "lower it, or raise `lr` of the optimizer"
