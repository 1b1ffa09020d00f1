"""How training goes."""

import io
import re

import pytest
from rich.console import Console

from phonograph.training import progress


def _on_a_terminal(monkeypatch):
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120)
    monkeypatch.setattr(progress, "Console", lambda stderr: terminal)
    monkeypatch.setattr(progress, "_PAUSE", 0.0)
    return screen


@pytest.mark.parametrize(
    "budget",
    ["max_steps: 30", "max_epochs: 10", 'max_time: "00:00:00:01"', "max_epochs: 9, max_steps: 20"],
)
def test_a_bar_shows_state_speed_and_time_left_for_any_budget(monkeypatch, train, folder, budget):
    screen = _on_a_terminal(monkeypatch)
    train(f"train.trainer={{{budget}, accelerator: cpu}}")
    shown = screen.getvalue()
    assert re.search(r"\d+ %", shown)
    assert re.search(
        r"epoch \d+\.\d step \d+  loss \d+\.\d{3}, validation loss \d+\.\d{3}, wer \d+\.\d %,"
        r" cer \d+\.\d %  \d+ s/s  0:00:\d\d left",
        shown,
    )
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert "epoch" not in said


def test_elsewhere_each_validation_is_a_line(train, folder):
    train("train.trainer={max_epochs: 4, check_val_every_n_epoch: 2, accelerator: cpu}")
    said = (folder / "said.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in said if line.startswith("epoch ")]
    assert len(lines) == 2
    assert re.fullmatch(
        r"epoch 2, step 6: loss \d+\.\d{3}, validation loss \d+\.\d{3}, wer \d+\.\d %,"
        r" cer \d+\.\d %, \d+\.\d s",
        lines[0],
    )
