"""Training with fewer digits: it learns, and losses keep all of theirs."""

import pytest
import torch

from phonograph.training.lightning_graph import LightningGraph


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "bf16-true"])
def test_losses_are_float32_and_the_weights_move(train, folder, monkeypatch, precision):
    losses = []
    step = LightningGraph.training_step

    def stepping(self, batch):
        loss = step(self, batch)
        losses.append(loss.detach())
        return loss

    monkeypatch.setattr(LightningGraph, "training_step", stepping)
    result = train(f"train.trainer.precision={precision}", "train.trainer.max_steps=30")
    assert {loss.dtype for loss in losses} == {torch.float32}
    assert all(loss.isfinite() for loss in losses)
    assert losses[-1] < losses[0]
    assert result.best.exists()
