import json

import pytest

from phonograph.cli.train import _is_first, _placement


def test_the_small_graph_is_trained_and_what_comes_next_is_said(run, graph_file, manifests, here):
    done = run("train", graph_file)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "training small in runs/small"
    assert any(line.startswith("computing `mel` once") for line in lines)
    assert any(line.startswith("done: 2 steps, ") for line in lines)
    assert any(line.startswith("best wer ") for line in lines)
    assert lines[-3:] == [
        "What to try next:",
        "  phonograph transcribe runs/small/best.phono RECORDING",
        "  phonograph evaluate runs/small/best.phono MANIFEST",
    ]
    assert run("transcribe", "runs/small/best.phono", "0.wav").exit_code == 0


def test_json_is_the_result_alone(run, graph_file, manifests):
    done = run("train", graph_file, "--run", "here", "--json", "train.trainer.max_steps=1")
    told = json.loads(done.stdout)
    assert (told["steps"], told["best"], told["interrupted"]) == (1, "here/best.phono", False)
    assert told["monitor"] == "wer"
    assert "training small in here" in done.stderr


def test_a_finished_run_is_not_replaced_unasked(run, graph_file, manifests):
    assert run("train", graph_file).exit_code == 0
    again = run("train", graph_file)
    assert again.exit_code == 0
    assert "this training is done; `--overwrite` starts over" in again.stdout
    assert run("train", graph_file, "--overwrite").exit_code == 0


def test_everything_left_open_is_listed_and_nothing_is_written(run, graph_file, here):
    before = set(here.iterdir())
    done = run("train", graph_file, "modules.data.with.train=???", "init.from=???")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "error[PG064]: `modules.data.with.train` is left open\n"
        "  --> command line: modules.data.with.train=???\n"
        "   = help: give it: modules.data.with.train=…\n"
        "\n"
        "error[PG064]: `init.from` is left open\n"
        "  --> command line: init.from=???\n"
        "   = help: give it: init.from=…\n"
    )
    assert set(here.iterdir()) == before


def test_a_missing_manifest_is_at_fault(run, graph_file):
    done = run("train", graph_file)
    assert done.exit_code == 1
    assert "train.jsonl" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bundle_is_not_trained_but_started_from(run, bundle):
    done = run("train", bundle)
    assert done.exit_code == 2
    message = "is a bundle; start from it: phonograph train GRAPH init.from=small.phono"
    assert message in done.stderr


def test_a_device_becomes_arguments_of_the_trainer():
    assert _placement("auto") == []
    assert _placement("cpu") == ["train.trainer.accelerator=cpu", "train.trainer.devices=1"]


def test_training_on_a_named_device(run, graph_file, manifests):
    assert run("train", graph_file, "--device", "cpu").exit_code == 0


@pytest.mark.parametrize("variable", ["RANK", "SLURM_PROCID"])
def test_only_the_first_of_several_processes_says_what_comes_of_it(monkeypatch, variable):
    assert _is_first()
    for rank, first in (("0", True), ("1", False)):
        monkeypatch.setenv(variable, rank)
        assert _is_first() == first
