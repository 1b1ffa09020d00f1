"""Trainings that leave out what cannot be read, and say so."""

import json

import pytest

from phonograph.collections import default_registry
from phonograph.errors import DataError
from phonograph.graphs.bundle import open_bundle
from phonograph.training.evaluate import evaluate
from tests.training.conftest import METRICS

SKIP = "modules.data.with.on_bad=skip"


@pytest.fixture
def spoilt(folder):
    """Spoil a line and a recording of either split."""
    for name in ("train", "validation"):
        manifest = folder / f"{name}.jsonl"
        lines = manifest.read_text(encoding="utf-8").splitlines()
        lines.append(json.dumps({"audio_filepath": "gone.wav", "duration": 1, "text": "ab"}))
        manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / f"{name}1.wav").write_bytes(b"nothing to hear")
    return folder


@pytest.mark.parametrize("cache", ["true", "false"])
def test_it_trains_on_the_others_and_says_what_was_left_out(spoilt, train, cache):
    result = train(SKIP, f"train.cache={cache}")
    assert result.steps == 6
    lines = (spoilt / "run" / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    told = {(line["split"], line["code"]) for line in map(json.loads, lines)}
    assert told == {(s, c) for s in ("train", "validation") for c in ("PD006", "PD010")}
    assert len(lines) == 4
    said = (spoilt / "said.txt").read_text(encoding="utf-8").replace(str(spoilt), "DIR")
    assert (
        """\
left out: 1 line of train (1 x PD006), such as:
  DIR/train.jsonl:9: audio file `DIR/gone.wav` does not exist (PD006)
"""
        in said
    )
    assert "left out of train: DIR/train.jsonl:2: cannot read `DIR/train1.wav` as audio" in said


def test_every_line_is_listed_once_also_by_a_training_that_goes_on(spoilt, train):
    with (spoilt / "train.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("no JSON\n" * 100)
    train(SKIP)
    train(SKIP, "train.trainer.max_steps=7")
    lines = (spoilt / "run" / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    told = [(one["code"], one["line"]) for one in map(json.loads, lines) if one["split"] == "train"]
    assert [one for one in told if one[0] != "PD010"] == [
        ("PD006", 9),
        *(("PD003", number) for number in range(10, 110)),
    ]
    said = (spoilt / "said.txt").read_text(encoding="utf-8")
    assert "left out: 101 lines of train (100 x PD003, 1 x PD006), such as:" in said


def test_evaluation_leaves_it_out_too(spoilt, train):
    result = train(SKIP)
    said: list[str] = []
    model = open_bundle(result.best, default_registry())
    found = evaluate(model, spoilt / "validation.jsonl", METRICS, say=said.append)
    assert [one.id for one in found.utterances] == ["validation0"]
    assert len(said) == 3


def test_it_stops_unless_asked(spoilt, train):
    with pytest.raises(DataError, match="PD006"):
        train()


def test_manifests_are_mixed_by_weight(folder, train):
    mixed = (
        f"[{{manifest: {folder}/train.jsonl}}, {{manifest: {folder}/validation.jsonl, weight: 2}}]"
    )
    result = train(f"modules.data.with.train={mixed}", "train.trainer={max_epochs: 1}")
    assert result.epochs == 1
    settings = json.loads((folder / "run" / "settings.json").read_text(encoding="utf-8"))
    assert settings["paths"]["data.train.1.manifest"] == str(folder / "validation.jsonl")
    open_bundle(result.best, default_registry())  # without any manifest
