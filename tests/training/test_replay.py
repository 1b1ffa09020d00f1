"""A batch that was not finite can be computed again."""

import functools
import json

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.collections.asr.ctc_head import CtcHead
from phonograph.errors import DataError
from phonograph.training.lightning_graph import LightningGraph
from phonograph.training.replay import replay

DROPOUT = "modules.encoder.with.block={heads: 2, kernel: 7, dropout: 0.2}"


@pytest.fixture
def spoil(monkeypatch):
    """Change what the head gives."""

    def spoiling(change):
        forward = CtcHead.forward

        @functools.wraps(forward)
        def changed(self, *args, **kwargs):
            return change(self, forward(self, *args, **kwargs))

        monkeypatch.setattr(CtcHead, "forward", changed)

    return spoiling


@pytest.fixture
def stopped(train, folder):
    """Train until it stops; return what it says and what the batch gives then."""

    def stopping(*overrides):
        with pytest.raises(DataError) as caught:
            train(*overrides)
        (fault,) = caught.value.diagnostics
        (found,) = replay(folder / "run", default_registry())
        return fault, found

    return stopping


def _second(head, log_probs):
    return log_probs.index_fill(0, torch.tensor([1]), torch.nan)


def _root(head, log_probs):
    """Add nothing: but the slope of a root at 0 is infinite."""
    return log_probs + (0 * log_probs).sqrt()


@pytest.mark.parametrize(
    "overrides",
    [
        (DROPOUT,),
        (DROPOUT, "train.trainer.precision=bf16-mixed"),
        (DROPOUT, "train.trainer.precision=bf16-true"),
        ("train.cache=false", "train.trainer.accumulate_grad_batches=2"),
    ],
    ids=["dropout", "mixed", "bf16", "accumulated"],
)
def test_the_same_weights_and_random_numbers_give_the_same_loss(stopped, monkeypatch, overrides):
    _stop_at(monkeypatch, 3)
    _, found = stopped(*overrides)
    assert str(found.loss) == found.was
    assert found.step == (2 if "accumulate" in overrides[-1] else 3)
    mean = sum(found.losses.values()) / len(found.losses)
    assert mean == pytest.approx(found.loss, rel=0.02 if "bf16" in overrides[-1] else 1e-5)
    assert (found.output, found.utterances, found.gradient, found.weights) == ("", (), "", ())


@pytest.mark.parametrize("cache", ["true", "false"])
def test_frozen_parts_stay_so_and_a_prefix_that_was_computed_once_is_not_needed(
    stopped, monkeypatch, frozen, cache
):
    _stop_at(monkeypatch, 3)
    _, found = stopped(*frozen, DROPOUT, f"train.cache={cache}")
    assert str(found.loss) == found.was


def test_the_utterance_and_the_output_are_named(stopped, folder, spoil):
    spoil(_second)
    fault, found = stopped()
    assert (fault.code, fault.message) == ("PT004", "the loss is nan at step 0")
    assert fault.help.startswith(f"see where it begins with `phonograph replay {folder}/run`, or ")
    ids = json.loads((folder / "run" / "failed_batch.json").read_text(encoding="utf-8"))["ids"]
    assert (found.output, found.utterances) == ("head.log_probs", (ids[1],))
    assert [name for name, loss in found.losses.items() if loss != loss] == [ids[1]]


def test_a_gradient_that_is_not_finite_stops_before_the_step(stopped, spoil):
    spoil(_root)
    fault, found = stopped()
    assert fault.code == "PT032"
    assert fault.message == "gradients are not finite at step 0, but the loss is"
    assert fault.causes[1] == "43 of 43 gradients are not, the last is that of `head.linear.bias`"
    assert fault.causes[2] == f"the loss is {found.loss:.6g}"
    assert fault.causes[3].startswith("all weights are finite")
    assert str(found.loss) == found.was
    assert (found.output, found.gradient) == ("", "encoder.encoded")
    assert "head.linear.weight" in found.weights


def test_clipping_does_not_hide_it(stopped, spoil):
    spoil(_root)
    fault, _ = stopped("train.trainer.gradient_clip_val=1")
    assert fault.code == "PT032"


def test_there_is_nothing_to_replay(train, folder):
    train()
    with pytest.raises(DataError) as caught:
        list(replay(folder / "run", default_registry()))
    assert str(caught.value.diagnostics[0]) == (
        f"error[PT033]: no batch failed in this run directory\n  --> {folder}/run\n"
        "   = help: one is saved when a loss or a gradient is not finite"
    )


def test_a_folder_that_is_not_there_is_told(folder):
    with pytest.raises(DataError) as caught:
        list(replay(folder / "none", default_registry()))
    assert str(caught.value) == (
        f"error[PT033]: there is no such run directory\n  --> {folder}/none\n"
        "   = help: give the folder that `phonograph train` was told with --run"
    )


def test_a_damaged_batch_is_told(stopped, folder, spoil):
    spoil(_second)
    stopped()
    (folder / "run" / "failed_batch.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match=r"PT033.*the batch that failed cannot be read"):
        list(replay(folder / "run", default_registry()))


def _stop_at(monkeypatch, number):
    """Stop as if something were wrong with a batch."""
    step = LightningGraph.training_step

    def stepping(self, batch):
        done = self.batches_done
        loss = step(self, batch)
        if done == number:
            raise self.failure(batch, self.last_loss)
        return loss

    monkeypatch.setattr(LightningGraph, "training_step", stepping)
