"""The imported Conformer-CTC, held against the inference of the package it comes from."""

import importlib.util
import sys

import pytest
import torch

needs_hama = pytest.mark.skipif(
    importlib.util.find_spec("hama") is None,
    reason='the optional package is not installed: pip install "phonograph[hama]"',
)

EVERY = 8  # of the shipped test prompts
LONGEST = 29 * 16000


@pytest.fixture
def script(load_script):
    return load_script("verify_hama")


@needs_hama
def test_the_graph_agrees_with_the_package(script):
    prompts = script.recordings([script.PROMPTS / "test.jsonl"])
    chosen = [(name, audio) for name, audio in prompts if len(audio) < LONGEST][::EVERY]
    ours, theirs = script.by_the_graph(), script.by_the_package()
    rows = [script.compare(name, audio, ours, theirs) for name, audio in chosen]
    assert len(rows) == 13
    for row in rows:
        assert row.mean <= 2e-3
        assert row.largest <= 2e-2
        assert row.other_labels == 0


@needs_hama
def test_figures_are_printed_and_written(script, monkeypatch, capsys, tmp_path):
    audio = script.PROMPTS / "audio" / "agent-loggedoff.ogg"
    report = tmp_path / "report.json"
    monkeypatch.setattr(sys, "argv", ["verify_hama.py", str(audio), "--json", str(report)])
    assert script.main() == 0
    assert "files that hold                              1\n" in capsys.readouterr().out
    assert '"name": "agent-loggedoff.ogg"' in report.read_text()


def test_a_difference_is_measured(script):
    far = torch.tensor([[0.0, -1.0], [-2.0, -1.0]])
    row = script.compare("a", torch.zeros(320), lambda audio: far, lambda audio: 0 * far)
    assert row == script.Difference("a", 0.02, 2, mean=1.0, largest=2.0, other_labels=1)
    assert not row.holds


@pytest.mark.parametrize(
    ("mean", "largest", "other_labels", "holds"),
    [(2e-3, 2e-2, 0, True), (3e-3, 2e-2, 0, False), (0, 3e-2, 0, False), (0, 0, 1, False)],
)
def test_each_bound_counts(script, mean, largest, other_labels, holds):
    assert script.Difference("a", 1.0, 9, mean, largest, other_labels).holds is holds


def test_a_summary_says_what_is_worst(script):
    rows = [
        script.Difference("a", 1.0, 9, 1e-4, 1e-3, 0),
        script.Difference("b", 1.0, 5, 3e-4, 0.5, 2),
    ]
    assert script.summary(rows) == {
        "files compared": 2,
        "mean difference": pytest.approx(2e-4),
        "worst mean of a file": 3e-4,
        "worst single value": 0.5,
        "files with a value over 0.02": 1,
        "frames compared": 14,
        "frames with another best label": 2,
        "files that hold": 1,
    }


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("demo-instruct.ogg", "there is nothing to compare: no recording is shorter than 30 s"),
        ("no.ogg", "error[PD006]: cannot open audio file"),
    ],
)
def test_what_cannot_be_compared_is_told(script, monkeypatch, file, told):
    for name in ("by_the_graph", "by_the_package"):
        monkeypatch.setattr(script, name, lambda: None)
    monkeypatch.setattr(sys, "argv", ["verify_hama.py", str(script.PROMPTS / "audio" / file)])
    with pytest.raises(SystemExit) as caught:
        script.main()
    assert str(caught.value).startswith(told)
