"""Scores of a model on a manifest."""

import subprocess
import sys
from pathlib import Path

import pytest

from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.errors import DataError, GraphError
from phonograph.graphs.model import build
from phonograph.training.evaluate import evaluate

METRICS = {"wer": word_errors, "cer": character_errors}


@pytest.fixture
def model(load):
    return build(load())


def test_every_utterance_is_scored_once(model):
    found = evaluate(model, "validation", METRICS)
    assert sorted(u.id for u in found.utterances) == ["validation0", "validation1"]
    assert {u.reference for u in found.utterances} == {"abd", "ca b"}
    pairs = [(u.reference, u.hypothesis) for u in found.utterances]
    assert found.scores["wer"] == word_errors(*zip(*pairs, strict=True))
    assert found.scores["cer"] == character_errors(*zip(*pairs, strict=True))
    assert found.loss is not None
    assert found.loss > 0
    assert (found.rejected, found.audio_seconds) == ((), 0.875)
    assert found.wall_seconds > 0


def test_a_manifest_takes_the_place_of_the_graph_s_own(model, folder):
    found = evaluate(model, folder / "train.jsonl", METRICS)
    assert len(found.utterances) == 8
    assert evaluate(model, str(folder / "train.jsonl"), METRICS).scores == found.scores
    assert evaluate(model, "train", METRICS).scores == found.scores
    with pytest.raises(DataError, match="no test manifest"):
        evaluate(model, "test", METRICS)


def test_how_batches_are_cut_changes_nothing(model, load):
    one_by_one = build(load("modules.data.with.batch_seconds=0.1"))
    one_by_one.module.load_state_dict(model.module.state_dict())
    first, second = (evaluate(m, "train", METRICS) for m in (model, one_by_one))
    assert first.utterances == second.utterances
    assert first.loss == pytest.approx(second.loss, rel=1e-4)


def test_utterances_that_the_loss_leaves_out_are_named(model, folder):
    line = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()[0]
    long = line.replace('"text": "ab"', f'"text": "{"ab" * 40}"')
    (folder / "long.jsonl").write_text(long, encoding="utf-8")
    assert evaluate(model, folder / "long.jsonl", METRICS).rejected == ("train0",)


def test_a_view_without_data_is_refused(load):
    model = build(load("views.later={feed: [mel.features], run: [text.text]}"))
    with pytest.raises(GraphError, match="the view `later` reads no data"):
        evaluate(model, "train", METRICS, view="later")
    with pytest.raises(GraphError, match="the graph has no view `score`"):
        evaluate(model, "test", METRICS, view="score")


def test_a_view_that_scores_nothing_is_refused(model):
    with pytest.raises(GraphError) as caught:
        evaluate(model, "train", METRICS, view="infer")
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.message, fault.help) == (
        "PT006",
        "the view `infer` scores nothing and runs no loss",
        "evaluate another view, or give this one a `score`: {wer: [text.text, data.text]}",
    )


def test_it_does_not_import_lightning():
    code = "import sys, phonograph.training.evaluate; print('pytorch_lightning' in sys.modules)"
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
