"""Utterances that a loss could not use."""

import json

import torch

from phonograph.graphs.spec import PortName
from phonograph.training.rejections import Rejections, rejected_ids

PORT = PortName("loss", "rejected")


def test_each_utterance_is_named_once_in_the_file_and_aloud(tmp_path):
    said: list[str] = []
    rejections = Rejections(tmp_path / "rejected.jsonl", said.append)
    left_out = torch.tensor([False, True, True])
    for step in range(3):
        rejections.note("train", ["a", "b", "c"], {PORT: left_out}, step=step)
    assert said == [
        "warning: `loss.rejected` leaves out utterance `b` of train",
        "warning: `loss.rejected` leaves out utterance `c` of train",
    ]
    lines = (tmp_path / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {
        "id": "b",
        "split": "train",
        "port": "loss.rejected",
        "step": 0,
    }
    assert len(lines) == 2


def test_several_processes_write_one_file(tmp_path):
    file = tmp_path / "rejected.jsonl"
    for name in ("b", "a"):
        writer = Rejections(file, lambda line: None)
        writer.note("train", [name, "z\u2028"], {PORT: torch.tensor([True, True])}, step=0)
    assert rejected_ids(file) == ("a", "b", "z\u2028")


def test_without_rejections_there_is_no_file(tmp_path):
    file = tmp_path / "rejected.jsonl"
    Rejections(file, print).note("train", ["a"], {PORT: torch.tensor([False])}, step=0)
    assert not file.exists()
    assert rejected_ids(file) == ()


def test_data_without_names_is_told_by_row(tmp_path):
    said: list[str] = []
    writer = Rejections(tmp_path / "rejected.jsonl", said.append)
    writer.note("train", [], {PORT: torch.tensor([False, True])}, step=7)
    assert said == ["warning: `loss.rejected` leaves out utterance `row 1 of step 7` of train"]
