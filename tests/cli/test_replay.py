"""`phonograph replay`."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def failed(graph_file, manifests, run):
    """A training that stopped, because it went too fast."""
    done = run("train", graph_file, "train.optimizer={name: sgd, lr: 1e12}", "--run", "run")
    assert "error[PT004]" in done.stderr
    return json.loads(Path("run/failed_batch.json").read_text(encoding="utf-8"))


def test_it_tells_where_a_batch_stops_being_finite(failed, run):
    done = run("replay", "run", "--device", "cpu")
    assert done.exit_code == 0
    first, *lines = done.stdout.splitlines()
    loss, step = failed["loss"], failed["step"]
    assert (
        first
        == f"run/failed_batch.safetensors: the loss was {loss} at step {step}, now it is {loss}"
    )
    assert [line.split()[1] for line in lines[: len(failed["ids"])]] == failed["ids"]
    assert lines[len(failed["ids"])].startswith(
        "the first output that is not finite: encoder.encoded, of "
    )


def test_a_machine_reads_the_same(failed, run):
    (found,) = json.loads(run("replay", "run", "--json", "--device", "cpu").stdout)
    assert (found["file"], found["was"]) == ("run/failed_batch.safetensors", failed["loss"])
    assert list(found["losses"]) == failed["ids"]
    assert found["output"] == "encoder.encoded"
