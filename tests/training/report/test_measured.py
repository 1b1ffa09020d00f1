"""Lines of a training's measurements, and what is drawn of them."""

from phonograph.training.report.line_chart import LineChart
from phonograph.training.report.measured import charts_of, read_metrics

LINES = [
    {"step": 10, "epoch": 0.5, "seconds": 5.0, "train/loss": 3.0, "train/lr": 0.1},
    {"step": 20, "epoch": 1.0, "seconds": 10.0, "train/loss": 2.0, "train/lr": 0.2},
    {"step": 20, "epoch": 1.0, "seconds": 19.0, "validation/loss": 2.5, "validation/wer": 0.5},
    {"step": 30, "epoch": 1.5, "seconds": 21.5, "train/loss": 1.0, "train/lr": 0.1},
]


def test_lines_that_are_cut_off_or_no_measurements_are_left_out(tmp_path):
    (tmp_path / "metrics.jsonl").write_bytes(
        b'{"step": 1, "train/loss": 2.5, "note": "text"}\n\xff\n[1]\n3\n{"step": "1"}\n'
        b'{"step": 2, "train/lo'
    )
    assert read_metrics(tmp_path / "metrics.jsonl") == [{"step": 1, "train/loss": 2.5}]


def test_charts_are_losses_scores_rate_and_throughput_without_the_time_of_validation():
    assert charts_of(LINES, audio_seconds=100.0) == [
        LineChart(
            "loss", "step", {"train": [(10, 3), (20, 2), (30, 1)], "validation": [(20, 2.5)]}
        ),
        LineChart("word error rate, %", "step", {"wer": [(20, 50.0)]}),
        LineChart("learning rate", "step", {"rate": [(10, 0.1), (20, 0.2), (30, 0.1)]}),
        LineChart("seconds of audio per second", "step", {"throughput": [(20, 10.0), (30, 20.0)]}),
    ]


def test_other_scores_keep_their_names_and_numbers():
    charts = charts_of([{"step": 1, "validation/accuracy": 0.5}], 0.0)
    assert LineChart("accuracy", "step", {"accuracy": [(1, 0.5)]}) in charts


def test_a_clock_that_ran_back_gives_no_throughput():
    back = [LINES[1], {**LINES[0], "step": 30, "epoch": 1.5}]
    assert charts_of(back, 100.0)[-1].lines == {"throughput": []}


def test_without_the_length_of_the_data_there_is_no_throughput():
    assert charts_of(LINES, 0.0)[-1].lines == {"throughput": []}
    assert charts_of([], 100.0)[0].lines == {}
