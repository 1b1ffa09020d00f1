"""`phonograph check --data`."""

import json
from pathlib import Path

import pytest

TABLE = """\
ok: small: 6 modules, 3 views

split  utterances  hours  shortest  median  longest  characters  tokens  rate  formats
train           3   0.00    0.50 s  0.60 s   0.70 s           7       7  8000  wav
"""


@pytest.fixture
def only_train(manifests):
    return "modules.data.with.validation=null"


def test_good_data_is_a_table_and_nothing_else(run, graph_file, only_train):
    done = run("check", graph_file, "--data", only_train)
    assert (done.exit_code, done.stdout, done.stderr) == (0, TABLE, "")


def test_faults_of_one_code_are_one_message_and_exit_1(run, graph_file, only_train, here):
    lines = [
        {"audio_filepath": "0.wav", "offset": k / 20, "duration": 0.15, "text": text, "id": str(k)}
        for k, text in enumerate(["ü", "é", "é", "no", "ü", "ü", "ü"])
    ]
    Path("train.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    done = run("check", graph_file, "--data", only_train)
    assert done.exit_code == 1
    assert done.stderr.replace(f"{here}/", "") == (
        "\n"
        "error[PD020]: a transcript has characters that the tokenizer does not know, 6 times\n"
        "   = train.jsonl:1: utterance `0`: `ü` is not in the alphabet\n"
        "   = train.jsonl:2: utterance `1`: `é` is not in the alphabet\n"
        "   = train.jsonl:3: utterance `2`: `é` is not in the alphabet\n"
        "   = train.jsonl:5: utterance `4`: `ü` is not in the alphabet\n"
        "   = train.jsonl:6: utterance `5`: `ü` is not in the alphabet\n"
        "   = 1 more: 1 in train; --json and --page have all\n"
        "   = `ü` 4 times, first at train.jsonl:1\n"
        "   = `é` 2 times, first at train.jsonl:2\n"
        "   = help: spell it out in `text`, or let the tokenizer know it\n"
        "\n"
        "6 errors, 0 warnings\n"
    )


def test_warnings_alone_are_exit_0(run, graph_file, only_train, here):
    Path("train.jsonl").write_text('{"audio_filepath": "0.wav", "duration": 0.5, "text": ""}')
    done = run("check", graph_file, "--data", only_train)
    assert done.exit_code == 0
    assert done.stderr.replace(f"{here}/", "") == (
        "\n"
        "warning[PD031]: utterance `0` has no text\n"
        "  --> train.jsonl:1\n"
        "   = help: write what is said, or take the line out; leave it where nothing is said\n"
        "\n"
        "0 errors, 1 warning\n"
    )


def test_json_has_the_data_beside_the_graph(run, graph_file, only_train):
    done = run("check", graph_file, "--data", "--json", only_train)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"], found["data"]["ok"]) == (0, True, True)
    Path("train.jsonl").write_text("{")
    done = run("check", graph_file, "--data", "--json", only_train)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"], found["errors"]) == (1, False, [])
    assert found["data"]["groups"][0]["code"] == "PD003"


def test_a_page_is_written(run, graph_file, only_train):
    done = run("check", graph_file, "--data", "--page", "data.html", only_train)
    assert done.exit_code == 0
    assert done.stdout == f"{TABLE}\nthe page: data.html\n"
    assert Path("data.html").read_text("utf-8").startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_told_before_the_work(run, graph_file, only_train):
    done = run("check", graph_file, "--data", "--page", "gone/data.html", only_train)
    assert (done.exit_code, done.stderr) == (
        1,
        "error[PC001]: `gone`: No such file or directory\n",
    )


def test_a_page_without_data_is_wrong_usage(run, graph_file):
    done = run("check", graph_file, "--page", "data.html")
    assert done.exit_code == 2
    assert "a page is made of what --data finds" in done.stderr


def test_data_of_a_graph_at_fault_is_not_looked_at(run, graph_file, only_train):
    done = run("check", graph_file, "--data", only_train, "modules.mel.with.n_melz=3")
    assert done.exit_code == 1
    assert "PG011" in done.stderr
    assert done.stdout == ""
