"""One kill, in the middle of a real training, changes nothing; many are for the script."""

import json
import random

import pytest


@pytest.fixture
def kill_test(load_script):
    return load_script("kill_test")


@pytest.fixture
def setup(kill_test, tmp_path):
    kill_test.prepare(tmp_path, steps=24)
    return kill_test.Setup(tmp_path, kill_test.fresh, (), begin_with=1, longest=0.0)


def _log(run, *steps):
    run.mkdir()
    lines = [json.dumps({"step": step, "train/loss": 1.0 / step}) + "\n" for step in steps]
    (run / "metrics.jsonl").write_text("".join(lines) + '{"step": 9', encoding="utf-8")


def test_the_last_step_is_that_of_the_last_whole_line(kill_test, tmp_path):
    assert kill_test.last_step(tmp_path / "run") == 0
    _log(tmp_path / "run", 1, 2, 7)
    assert kill_test.last_step(tmp_path / "run") == 7


def test_a_training_that_cannot_be_is_a_fault(kill_test, setup):
    (setup.folder / "graph.yaml").write_text("phonograph: 1", encoding="utf-8")
    course = kill_test.run_through(setup, "run", 0, random.Random(0))
    assert course.faults
    assert course.faults[0].startswith("ended with 1: error[")


def test_one_kill_changes_nothing(kill_test, setup, capsys):
    figures = kill_test.measure(setup, kills=1, seed=0)
    assert (figures["kills"], figures["different"]) == (1, 0)
    assert "the same" in capsys.readouterr().out
