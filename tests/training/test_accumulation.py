"""Several batches that make one step are as one batch of them all."""

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.graphs.bundle import read_bundle
from phonograph.training.lightning_graph import LightningGraph

STILL = (
    "modules.encoder.with.block={heads: 2, kernel: 7, norm: layer, dropout: 0}",
    "train.optimizer={name: sgd, lr: 0.1}",
)
"""Nothing is random, and no utterance has to do with the others of its batch."""


@pytest.fixture
def trained(train, monkeypatch):
    """Train for three epochs; return the steps, the sizes of batches and the weights."""
    sizes = []
    step = LightningGraph.training_step

    def stepping(self, batch):
        sizes.append(max(len(value) for value in batch.values()))
        return step(self, batch)

    monkeypatch.setattr(LightningGraph, "training_step", stepping)

    def training(seconds, together, *overrides):
        sizes.clear()
        trainer = f"max_epochs: 3, accelerator: cpu, accumulate_grad_batches: {together}"
        result = train(
            *STILL,
            f"train.trainer={{{trainer}}}",
            f"modules.data.with.batch_seconds={seconds}",
            *overrides,
            run=f"{together}",
        )
        return result.steps, list(sizes), read_bundle(result.last, default_registry()).weights

    return training


@pytest.mark.parametrize(
    ("seconds", "sizes", "cache"),
    [(1.2, [3, 3, 1, 1], "true"), (1.2, [3, 3, 1, 1], "false"), (2.6, [4, 4], "true")],
    ids=["unequal", "without a cache", "equal"],
)
def test_the_weights_are_those_of_one_batch(trained, seconds, sizes, cache):
    steps, dealt, parts = trained(seconds, len(sizes), f"train.cache={cache}")
    assert steps == 3
    assert all(
        sorted(dealt[k : k + len(sizes)], reverse=True) == sizes
        for k in range(0, len(dealt), len(sizes))
    )
    steps, dealt, whole = trained(100, 1, f"train.cache={cache}")
    assert (steps, dealt) == (3, [8, 8, 8])
    for name, weight in whole.items():
        torch.testing.assert_close(parts[name], weight, rtol=1e-4, atol=1e-6)
