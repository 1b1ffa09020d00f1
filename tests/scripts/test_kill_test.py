"""One kill, in the middle of a real training, changes nothing; many are for the script."""

import json
import os
import random
import subprocess
import sys

import pytest


@pytest.fixture
def kill_test(load_script):
    return load_script("kill_test")


def _log(run, *steps):
    run.mkdir()
    lines = [json.dumps({"step": step, "train/loss": 1.0 / step}) + "\n" for step in steps]
    (run / "metrics.jsonl").write_text("".join(lines) + '{"step": 9', encoding="utf-8")


def test_the_last_step_is_that_of_the_last_whole_line(kill_test, tmp_path):
    assert kill_test.last_step(tmp_path / "run") == 0
    _log(tmp_path / "run", 1, 2, 7)
    assert kill_test.last_step(tmp_path / "run") == 7


def test_a_training_that_cannot_be_is_a_fault(kill_test, tmp_path):
    def fail(arguments, log):
        log.write_text("error[PG001]: no", encoding="utf-8")
        return os.posix_spawn("/bin/sh", ["sh", "-c", "exit 1"], os.environ)

    setup = kill_test.Setup(tmp_path, fail, (), begin_with=1, longest=0.0)
    course = kill_test.run_through(setup, "run", 0, random.Random(0))
    assert course.faults == ["ended with 1: error[PG001]: no"]


def test_one_kill_changes_nothing(kill_test, tmp_path):
    file = tmp_path / "figures.json"
    options = ["--kills", "1", "--steps", "24", "--longest", "0.1", "--json", str(file)]
    # a process of its own: this one has threads, and is not to be forked
    done = subprocess.run(
        [sys.executable, kill_test.__file__, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert (figures["kills"], figures["different"]) == (1, 0)
    assert "the same" in done.stdout
