import json
import re

from phonograph.cli.dry_run import duration, size

REPORT = """\
trying small: one batch of each view, nothing is written

train
  batch     3 utterances of train, 1.8 s of audio
  in        data.audio 3 x 5600, data.tokens 3 x 3, data.audio_lengths 3, data.token_lengths 3
  out       loss.rejected 3, loss.loss
  loss      N
  time      a step T, reading T
  memory    at most S in the whole process

validate
  batch     3 utterances of validation, 1.8 s of audio
  in        data.audio 3 x 5600, data.tokens 3 x 3, data.audio_lengths 3, data.token_lengths 3,
            data.text 3
  out       text.text 3, data.text 3, loss.rejected 3, loss.loss
  loss      N
  time      computing T, reading T
  memory    at most S in the whole process

infer
  batch     3 utterances of validation, 1.8 s of audio
  in        data.audio 3 x 5600, data.audio_lengths 3
  out       text.text 3
  time      computing T
  memory    at most S in the whole process

memory of training, on cpu, measured on its longest batch
  weights S
  gradients S
  optimizer S
  activations S
  together S

time of training, estimated from 1 batch
  once        T to compute mel for every utterance
  epoch       T for 1 step
  validation  T, once
  in all      about T: 2 epochs, 2 steps, ended by max_steps
"""


def without_figures(text):
    """Replace what differs from machine to machine; sizes stand in a column."""
    text = re.sub(r" +[\d.]+ [kMG]?B\b", " S", text)
    text = re.sub(r"\b[\d.]+ (ms|s)\b(?! of audio)", "T", text)
    text = re.sub(r"T, [\d,]+ times", "T, once", text)
    return re.sub(r"(?<=loss {6})[\d.]+", "N", text)


def test_the_report_is_told_view_by_view(run, graph_file, manifests, here):
    before = sorted(here.rglob("*"))
    done = run("train", graph_file, "--dry-run", "--device", "cpu")
    assert done.exit_code == 0
    assert without_figures(done.stdout) == REPORT
    assert sorted(here.rglob("*")) == before


def test_a_machine_reads_the_same(run, graph_file, manifests, here):
    done = run("train", graph_file, "--dry-run", "--json")
    told = json.loads(done.stdout)
    assert (told["ok"], told["faults"]) == (True, [])
    assert [trial["view"] for trial in told["trials"]] == ["train", "validate", "infer"]
    assert told["trials"][0]["inputs"]["data.audio"] == [3, 5600]
    assert told["time"]["ends_by"] == "max_steps"
    assert set(told["memory"]) == {"weights", "gradients", "optimizer", "activations"}
    assert "trying small" in done.stderr
    assert not (here / "runs").exists()


def test_views_without_data_say_so(run, graph_file, manifests):
    done = run("train", graph_file, "--dry-run", "modules.data.with.validation=null")
    assert "validate\n  not run   no validation manifest is given\n" in done.stdout


def test_faults_of_the_data_are_told_and_nothing_is_written(run, graph_file, here):
    done = run("train", graph_file, "--dry-run")
    assert done.exit_code == 1
    assert done.stderr.count("error[PD001]: cannot read the manifest") == 2
    assert not (here / "runs").exists()


def test_a_loss_that_is_not_finite_ends_with_an_error(run, graph_file, manifests):
    done = run("train", graph_file, "--dry-run", "train.optimizer={name: sgd, lr: 1e+11}")
    assert done.exit_code == 1
    assert "error[PT004]: the loss is nan within the first steps" in done.stderr
    assert "time of training" in done.stdout


def test_durations_have_two_units_at_most():
    seconds = (0.0004, 0.9, 59.9, 60, 3599, 3600, 86399, 90000, 1e7)
    assert [duration(one) for one in seconds] == [
        "0 ms",
        "900 ms",
        "59.9 s",
        "1 min 0 s",
        "59 min 59 s",
        "1 h 0 min",
        "24 h 0 min",
        "1 d 1 h",
        "115 d 18 h",
    ]


def test_sizes_have_one_digit_behind_the_point():
    assert [size(one) for one in (0, 999, 1000, 2_540_000, 7_310_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "2.5 MB",
        "7.3 GB",
    ]
