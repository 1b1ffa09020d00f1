"""Lightning's Trainer as phonograph uses it."""

import logging
import warnings

import pytest

from phonograph.errors import GraphError
from phonograph.training.run_directory import RunDirectory
from phonograph.training.settings import read_settings
from phonograph.training.trainer import build_trainer, processes_to_start, without_noise


def _trainer(graph, tmp_path):
    return build_trainer(graph, read_settings(graph), RunDirectory(tmp_path))


def test_the_graph_s_arguments_reach_the_trainer(load, tmp_path):
    graph = load("train.trainer.gradient_clip_val=2", "train.trainer.accumulate_grad_batches=3")
    trainer = _trainer(graph, tmp_path)
    assert (trainer.max_steps, trainer.gradient_clip_val) == (6, 2)
    assert trainer.accumulate_grad_batches == 3
    assert trainer.loggers == []


@pytest.mark.parametrize(
    "wrong",
    [
        "accelerator=gpuu",
        "precision=12-mixed",
        "gradient_clip_algorithm=hard",
        "strategy=ddpp",
        "strategy=xla",
        pytest.param(
            "profiler=xla",  # which Lightning leaves half made
            marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
        ),
        "precision=transformer-engine",
    ],
)
def test_what_lightning_refuses_is_a_fault_of_the_graph(load, tmp_path, wrong):
    with pytest.raises(GraphError, match=r"error\[PT005\]: Lightning refuses `trainer`: "):
        _trainer(load(f"train.trainer.{wrong}"), tmp_path)


def test_lightning_says_nothing_about_itself(load, tmp_path, capfd, caplog):
    with caplog.at_level(logging.INFO, logger="root"):
        _trainer(load(), tmp_path)
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_processes_are_started_only_where_several_are_wanted_and_nobody_did(
    load, tmp_path, monkeypatch
):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert processes_to_start(_trainer(load(), tmp_path)) == 0
    several = load("train.trainer.devices=2", "train.trainer.strategy=ddp")
    assert processes_to_start(_trainer(several, tmp_path)) == 2
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert processes_to_start(_trainer(several, tmp_path)) == 0


def test_only_known_noise_is_kept_away():
    with without_noise():
        warnings.warn("GPU available but not used. You can ...", stacklevel=1)
        with pytest.raises(UserWarning, match="the loss"):
            warnings.warn("the loss is odd", stacklevel=1)
