"""The page about a training, by the command line."""

import pytest


@pytest.fixture
def trained(run, graph_file, manifests):
    done = run("train", graph_file, "--run", "trained", "train.trainer.accelerator=cpu")
    assert done.exit_code == 0, done.output
    return "trained"


def test_the_report_is_written_into_the_run_directory_again(run, trained, here):
    (here / "trained" / "report.html").unlink()
    done = run("report", trained)
    assert (done.exit_code, done.stdout) == (0, "wrote trained/report.html\n")
    text = (here / "trained" / "report.html").read_text(encoding="utf-8")
    assert "<h1>small: the training</h1>" in text


def test_other_data_and_another_place_can_be_given(run, trained, here, record):
    record("other.wav", 0.7)
    line = '{"audio_filepath": "other.wav", "duration": 0.7, "text": "abba", "id": "abba-1"}\n'
    (here / "other.jsonl").write_text(line, encoding="utf-8")
    done = run("report", trained, "--data", "other.jsonl", "--output", "other.html")
    assert (done.exit_code, done.stdout) == (0, "wrote other.html\n")
    assert "<code>abba-1</code>" in (here / "other.html").read_text(encoding="utf-8")


def test_a_folder_that_holds_no_training_is_at_fault(run, here):
    (here / "empty").mkdir()
    done = run("report", "empty")
    assert done.exit_code == 1
    assert done.stderr == (
        "error[PT030]: not a run directory\n"
        "  --> empty\n"
        "   = help: give the folder that `phonograph train` was told with --run\n"
    )
    assert not (here / "empty" / "report.html").exists()


def test_a_manifest_that_is_not_there_is_at_fault(run, trained):
    done = run("report", trained, "--data", "missing.jsonl")
    assert done.exit_code == 1
    assert "missing.jsonl" in done.stderr
    assert "Traceback" not in done.stderr
