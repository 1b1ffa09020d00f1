"""The page about a training."""

import json

import pytest

from phonograph.collections import default_registry
from phonograph.errors import PhonographError
from phonograph.training.report.heard import read_heard
from phonograph.training.report.run_report import run_report
from phonograph.training.run_directory import RunDirectory


def test_a_training_leaves_a_report_that_needs_no_network(train, folder):
    train()
    text = (folder / "run" / "report.html").read_text(encoding="utf-8")
    for title in ("Curves", "Utterances with most errors", "Characters", "Alignment"):
        assert f"<h2>{title}</h2>" in text
    assert "data:audio/ogg" in text
    assert "http" not in text.replace("http-equiv", "")


def test_what_the_best_validation_heard_is_kept(train, folder):
    train()
    heard = read_heard(folder / "run" / "heard.jsonl")
    assert sorted(one.reference for one in heard) == ["abd", "ca b"]


def test_without_validation_there_are_curves_only(train, folder, metrics):
    (folder / "graph.yaml").write_text(
        (folder / "graph.yaml")
        .read_text(encoding="utf-8")
        .replace("validation: validation.jsonl, ", ""),
        encoding="utf-8",
    )
    train("train.trainer={max_steps: 6, log_every_n_steps: 1, accelerator: cpu}")
    text = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "<h2>Curves</h2>" in text
    assert "<h2>Words</h2>" not in text


def test_other_data_are_heard_by_the_best_bundle(train, folder, metrics):
    train()
    run = RunDirectory(folder / "run")
    text = run_report(run, default_registry(), metrics, folder / "train.jsonl")
    assert "train0" in text


def test_recordings_that_are_gone_leave_out_their_players(train, folder, metrics):
    train()
    (folder / "validation.jsonl").unlink()
    text = run_report(RunDirectory(folder / "run"), default_registry(), metrics)
    assert "data:audio/ogg" not in text
    assert "<h2>Curves</h2>" in text


def test_another_folder_is_refused(tmp_path, metrics):
    with pytest.raises(PhonographError) as raised:
        run_report(RunDirectory(tmp_path), default_registry(), metrics)
    (fault,) = raised.value.diagnostics
    assert (fault.code, fault.message) == ("PT030", "not a run directory")


def test_names_in_data_cannot_become_markup(train, folder, metrics):
    train()
    line = {"id": "<script>", "reference": "<b>", "hypothesis": "a"}
    (folder / "run" / "heard.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    text = run_report(RunDirectory(folder / "run"), default_registry(), metrics)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_line_that_is_skipped_takes_nothing_else_away(train, folder, metrics):
    train("train.trainer={max_steps: 6, log_every_n_steps: 1, accelerator: cpu}")
    for name in ("train", "validation"):
        with (folder / f"{name}.jsonl").open("a", encoding="utf-8") as stream:
            stream.write("no JSON\n")
    text = run_report(RunDirectory(folder / "run"), default_registry(), metrics)
    assert text.count("<audio") == 2
    assert "<b>seconds of audio per second</b>" in text
