"""The whole way from a solved graph to bundles."""

import json
import math
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import phonograph
from phonograph.collections import default_registry
from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.errors import DataError, GraphError, PhonographError
from phonograph.graphs.bundle import open_bundle, read_bundle
from phonograph.training.evaluate import evaluate

METRICS = {"wer": word_errors, "cer": character_errors}
EACH_STEP = "train.trainer.log_every_n_steps=1"
STEADY = "modules.encoder.with.block.dropout=0"
PROMPTS = Path(phonograph.__file__).parent / "collections" / "asr" / "recipes" / "prompts"


def _lines(folder: Path, run: str = "run") -> list[dict[str, Any]]:
    text = (folder / run / "metrics.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _measured(folder: Path, name: str, run: str = "run") -> list[float]:
    return [line[name] for line in _lines(folder, run) if name in line]


def _weights(bundle: Path) -> dict[str, torch.Tensor]:
    return read_bundle(bundle, default_registry()).weights


def _same(first: Path, second: Path) -> bool:
    pairs = _weights(first), _weights(second)
    return all(torch.equal(pairs[0][name], pairs[1][name]) for name in pairs[0])


def test_a_training_leaves_everything_in_its_run_directory(folder, train):
    result = train(EACH_STEP)
    run = folder / "run"
    assert sorted(path.name for path in run.iterdir()) == [
        ".lock",
        "best.phono",
        "heard.jsonl",
        "last.phono",
        "last.state",
        "lock.json",
        "metrics.jsonl",
        "previous.state",
        "report.html",
        "result.json",
        "settings.json",
        "tensorboard",
        "versions.json",
    ]
    assert (result.steps, result.monitor, result.rejected) == (6, "wer", ())
    assert (result.best, result.last) == (run / "best.phono", run / "last.phono")
    assert [line["step"] for line in _lines(folder) if "train/loss" in line] == list(range(1, 7))
    assert result.best_value == min(_measured(folder, "validation/wer"))
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    assert set(events.Tags()["scalars"]) >= {"train/loss", "train/lr", "validation/wer"}
    assert len(events.Scalars("train/loss")) == 6


def test_the_best_bundle_has_the_score_it_was_chosen_for(train, folder):
    result = train("train.trainer.max_steps=60", "train.monitor=loss")
    assert result.monitor == "loss"
    best = evaluate(
        open_bundle(result.best, default_registry()), folder / "validation.jsonl", METRICS
    )
    assert best.loss == pytest.approx(result.best_value, rel=1e-4)
    assert result.best_value == min(_measured(folder, "validation/loss"))
    notes = read_bundle(result.best, default_registry()).notes
    assert notes["scores"]["loss"] == pytest.approx(result.best_value, rel=1e-4)


def test_the_last_weights_are_always_scored(train, folder):
    train("train.trainer.check_val_every_n_epoch=50", "train.trainer.max_steps=7")
    validated = [line["step"] for line in _lines(folder) if "validation/wer" in line]
    assert validated == [7]


def test_the_trainer_s_own_word_on_when_to_validate_holds(train, folder):
    train(
        "train.trainer={check_val_every_n_epoch: 2, max_epochs: 6, accelerator: cpu}", run="other"
    )
    validated = [line["epoch"] for line in _lines(folder, "other") if "validation/wer" in line]
    assert validated == [2, 4, 6]


def test_a_seed_makes_a_training_repeatable(train, folder):
    first, again, other = (
        train(f"train.seed={seed}", EACH_STEP, run=name)
        for seed, name in [(1, "a"), (1, "b"), (2, "c")]
    )
    assert _same(first.last, again.last)
    assert _measured(folder, "train/loss", "a") == _measured(folder, "train/loss", "b")
    assert not _same(first.last, other.last)


def test_losses_are_equal_with_and_without_a_cached_prefix(train, folder, frozen):
    each_epoch = "train.trainer.check_val_every_n_epoch=1"
    common = (*frozen, EACH_STEP, "train.trainer.max_steps=12", each_epoch)
    train(*common, run="cached")
    train(*common, "train.cache=false", run="plain")
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert said.count("computing `mel`, `encoder` once") == 2  # train and validation, one run
    for name in ("train/loss", "validation/loss", "validation/wer", "train/lr"):
        cached, plain = (_measured(folder, name, run) for run in ("cached", "plain"))
        assert len(cached) >= (12 if "train" in name else 1)
        assert cached[: len(plain)] == pytest.approx(plain[: len(cached)], rel=1e-4)
    assert not (folder / "cached" / "cache").exists()


def test_frozen_nodes_do_not_change_and_their_statistics_neither(train, folder, frozen):
    result = train(*frozen, "train.cache=false")
    before, after = _weights(folder / "start.phono"), _weights(result.last)
    assert any("running_mean" in name for name in before)
    changed = {
        name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])
    }
    assert changed == {"head"}


def test_the_learning_rate_follows_its_schedule(train, folder):
    train(
        EACH_STEP,
        "train.schedule={name: cosine, warmup_steps: 2, final: 0.1}",
        "train.trainer.max_steps=8",
    )
    shares = [
        min(1, (s + 1) / 2) * (0.1 + 0.9 * (1 + math.cos(math.pi * s / 8)) / 2) for s in range(8)
    ]
    assert _measured(folder, "train/lr") == pytest.approx([5e-3 * share for share in shares])


def test_a_time_is_kept_and_ends_with_a_score(train, folder):
    result = train(
        'train={trainer: {max_time: "00:00:00:01", accelerator: cpu}, schedule: {name: linear}}',
        EACH_STEP,
    )
    assert 1.0 <= result.seconds < 10
    assert _lines(folder)[-1]["step"] == result.steps
    rates = _measured(folder, "train/lr")
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.5 * rates[0]


def test_without_data_to_validate_on_the_last_weights_are_the_best(train, folder):
    result = train("modules.data.with.validation=null")
    assert (result.monitor, result.best_value) == (None, None)
    assert _same(result.best, result.last)
    assert "no data to validate on" in (folder / "said.txt").read_text(encoding="utf-8")


def test_half_precision_trains_too(train, folder, frozen):
    train(*frozen, "train.trainer.precision=bf16-mixed", "train.trainer.max_steps=60", EACH_STEP)
    losses = _measured(folder, "train/loss")
    assert losses[-1] < 0.8 * losses[0]


def test_worker_processes_read_ahead(train, folder):
    train("modules.data.with.workers=1", "train.cache=false", EACH_STEP, run="workers")
    train("train.cache=false", EACH_STEP, run="here")
    losses = [_measured(folder, "train/loss", run) for run in ("workers", "here")]
    assert losses[0] == losses[1]


def test_what_the_loss_leaves_out_is_named(train, folder):
    path = folder / "train.jsonl"
    text = path.read_text(encoding="utf-8").replace('"text": "ab"', f'"text": "{"ab" * 40}"')
    path.write_text(text, encoding="utf-8")
    result = train()
    assert result.rejected == ("train0",)
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert said.count("`loss.rejected` leaves out utterance `train0` of train") == 1


@pytest.mark.parametrize("cache", ["true", "false"])
def test_a_loss_that_is_not_finite_stops_with_its_batch(train, folder, cache):
    overrides = ("train.optimizer={name: sgd, lr: 1e11}", f"train.cache={cache}")
    with pytest.raises(DataError) as caught:
        train(*overrides)
    (fault,) = caught.value.diagnostics
    assert fault.code == "PT004"
    assert fault.message.startswith("the loss is ")
    run = folder / "run"
    failed = json.loads((run / "failed_batch.json").read_text(encoding="utf-8"))
    assert fault.causes[0] == "the batch holds " + ", ".join(f"`{name}`" for name in failed["ids"])
    assert fault.causes[1].startswith("all weights are finite, the largest is ")
    look = f"see where it begins with `phonograph replay {run}`, or lower `lr`"
    assert fault.help.startswith(look)
    assert (run / "failed_batch.phono").exists()
    assert (run / "failed_batch.safetensors").stat().st_size > 0
    train(overwrite=True)
    assert not list(run.glob("failed_batch*"))


def test_ctrl_c_ends_cleanly_with_everything_saved(train, folder):
    def interrupt(references, hypotheses):
        signal.raise_signal(signal.SIGINT)
        return word_errors(references, hypotheses)

    before = signal.getsignal(signal.SIGINT)
    result = train("train.trainer.max_steps=10000", metrics={**METRICS, "wer": interrupt})
    assert result.interrupted
    assert result.steps < 20
    assert "stopped by Ctrl-C" in (folder / "said.txt").read_text(encoding="utf-8")
    assert read_bundle(result.last, default_registry()).notes["step"] == result.steps
    assert result.best.exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_finished_training_is_not_lost(train, folder):
    result = train()
    assert train() == replace(result, seconds=ANY)
    assert "this training is done; `--overwrite` starts over" in (folder / "said.txt").read_text()
    with pytest.raises(PhonographError, match="PT001"):
        train("modules.mel.with.n_mels=20", overwrite=True)
    train(overwrite=True)


def test_faults_are_found_before_anything_is_written(train, folder):
    with pytest.raises(GraphError, match="PT003"):
        train("views.train={run: [text.text]}")
    with pytest.raises(GraphError, match="PG060"):
        train("train.optimizer.name=adamv")
    with pytest.raises(GraphError, match="PT005"):
        train("train.trainer.accelerator=gpuu")
    assert not (folder / "run").exists()


def test_an_optimizer_s_refusal_is_a_fault_of_the_graph(train):
    with pytest.raises(GraphError) as caught:
        train("train.optimizer={name: adamw, betas: [2, 3]}")
    (fault,) = caught.value.diagnostics
    assert fault.code == "PT005"
    assert fault.message == "`adamw` refuses its arguments: Invalid beta parameter at index 0: 2.0"


def test_nothing_is_printed(train, capfd):
    train()
    assert capfd.readouterr() == ("", "")


def test_tones_are_learnt_to_the_letter(train):
    result = train("train.trainer.max_steps=400", "train.schedule={name: cosine, warmup_steps: 20}")
    assert result.best_value == 0


def test_real_speech_can_be_learnt_by_heart(train, folder):
    lines = (PROMPTS / "train.jsonl").read_text(encoding="utf-8").splitlines()
    short = sorted(lines, key=lambda line: json.loads(line)["duration"])[20:28]
    (folder / "audio").mkdir()
    for line in short:
        name = json.loads(line)["audio_filepath"]
        shutil.copy(PROMPTS / name, folder / "audio")
    (folder / "train.jsonl").write_text("\n".join(short), encoding="utf-8")
    train(
        f"modules.data.with={{train: {folder}/train.jsonl, sample_rate: 16000, batch_seconds: 20,"
        ' tokenizer: {type: characters, alphabet: "abcdefghijklmnopqrstuvwxyz \'"}}',
        "modules.mel.with.n_mels=40",
        "modules.encoder.with={d_model: 64, layers: 1, subsampling: conv1d}",
        STEADY,
        EACH_STEP,
        "train.trainer={max_steps: 200, accelerator: cpu}",
        "train.optimizer.lr=5e-3",
    )
    losses = _measured(folder, "train/loss")
    assert losses[-1] < 0.2 * losses[0]
