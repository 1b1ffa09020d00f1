"""The folder of one training."""

import json

import pytest

from phonograph.errors import PhonographError
from phonograph.graphs.lock import fingerprint, to_lock
from phonograph.training.continuation import digest_of
from phonograph.training.run_directory import start_run, write_json


def test_it_says_what_is_trained_and_with_what(tmp_path, load):
    graph = load()
    run = start_run(tmp_path / "runs" / "one", graph, seed=5)
    lock = json.loads(run.lock.read_text(encoding="utf-8"))
    assert lock.pop("fingerprint") == fingerprint(to_lock(graph))
    assert lock == json.loads(json.dumps(to_lock(graph)))
    versions = json.loads(run.versions.read_text(encoding="utf-8"))
    assert versions["seed"] == 5
    assert {"phonograph", "python", "torch", "pytorch-lightning", "command"} <= set(versions)


def test_it_says_how_it_was_trained_and_on_which_files(tmp_path, load, folder, frozen):
    graph = load(*frozen, "train.optimizer.lr=0.25")
    run = start_run(tmp_path / "run", graph, seed=0)
    settings = json.loads(run.settings.read_text(encoding="utf-8"))
    assert settings == {
        "train": {
            "optimizer": {"name": "adamw", "lr": 0.25},
            "trainer": {"max_steps": 6, "accelerator": "cpu"},
        },
        "init": {
            "from": str(folder / "start.phono"),
            "exclude": ["head"],
            "freeze": ["encoder"],
        },
        "paths": {
            "data.train": str(folder / "train.jsonl"),
            "data.validation": str(folder / "validation.jsonl"),
        },
        "digests": {
            "data.train": digest_of(folder / "train.jsonl"),
            "data.validation": digest_of(folder / "validation.jsonl"),
            "init.from": digest_of(folder / "start.phono"),
        },
    }


def test_the_run_directory_of_another_graph_is_never_touched(tmp_path, load):
    path = tmp_path / "run"
    start_run(path, load(), seed=0).metrics.touch()
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    for overwrite in (False, True):
        with pytest.raises(PhonographError) as caught:
            start_run(path, load("modules.mel.with.n_mels=20"), seed=0, overwrite=overwrite)
        first, _, rest = str(caught.value).partition("\n")
        assert first == "error[PT001]: the run directory belongs to another graph"
        assert f"= help: choose another, such as {path}-2" in rest
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_a_run_that_failed_before_it_learnt_anything_is_in_nobodys_way(tmp_path, load):
    start_run(tmp_path / "run", load(), seed=0)
    run = start_run(tmp_path / "run", load("modules.mel.with.n_mels=20"), seed=0)
    assert json.loads(run.lock.read_text())["modules"]["mel"]["with"]["n_mels"] == 20


def test_a_finished_training_is_replaced_only_when_asked(tmp_path, load):
    path = tmp_path / "run"
    run = start_run(path, load(), seed=0)
    start_run(path, load(), seed=0)  # nothing of worth was written yet
    run.last.touch()
    run.metrics.touch()
    (path / "notes.txt").touch()
    with pytest.raises(PhonographError) as caught:
        start_run(path, load(), seed=0)
    assert (
        str(caught.value).replace(str(path), "DIR")
        == """\
error[PT002]: the run directory holds a training of this graph, and no state to go on from
  --> DIR
   = help: train into another run directory, or start over with `--overwrite`"""
    )
    start_run(path, load(), seed=0, overwrite=True)
    assert sorted(file.name for file in path.iterdir()) == [
        "lock.json",
        "notes.txt",
        "settings.json",
        "versions.json",
    ]


def test_a_directory_that_was_being_cleared_can_be_cleared_again(tmp_path, load):
    graph = load()
    run = start_run(tmp_path / "run", graph, seed=0)
    run.last.touch()
    run.clear()
    assert [file.name for file in run.path.iterdir()] == ["lock.json"]
    start_run(run.path, graph, seed=0, overwrite=True)


def test_other_folders_and_files_are_refused(tmp_path, load):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    with pytest.raises(PhonographError, match="the folder is not a run directory"):
        start_run(tmp_path / "mine", load(), seed=0, overwrite=True)
    with pytest.raises(PhonographError, match="the run directory is a file"):
        start_run(tmp_path / "file", load(), seed=0)


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
