"""Every recipe, made small, trains under FSDP2 as it does without."""

from pathlib import Path

import pytest
import torch
import yaml

from phonograph.collections import default_registry
from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.graphs.bundle import read_bundle
from phonograph.training.fit import fit

MINI = yaml.safe_load(Path(__file__).with_name("small_recipes.yaml").read_text(encoding="utf-8"))
METRICS = {"wer": word_errors, "cer": character_errors}
GIVEN = {"asr/an4": ["vars.data=nowhere"], "asr/wav2vec2-base": ["init=null"]}
DISTINCT = {str(row): recipe for recipe, row in reversed(MINI.items())}.values()
REGISTRY = default_registry()


@pytest.fixture
def ungrouped():
    """Leave no group of processes behind."""
    yield
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize("recipe", sorted(DISTINCT))
def test_the_weights_are_those_of_one_device(recipe, small_recipe, tmp_path, ungrouped):
    weights = []
    for strategy in ("auto", "fsdp2"):
        graph = small_recipe(
            recipe,
            *GIVEN.get(recipe, []),
            "train.trainer.max_steps=2",
            "train.trainer.accelerator=cpu",
            "train.trainer.devices=1",
            "train.optimizer={name: sgd, lr: 1e-3}",
            f"train.trainer.strategy={strategy}",
        )
        result = fit(
            graph, REGISTRY, tmp_path / strategy, metrics=METRICS, say=lambda _: None
        )
        weights.append(read_bundle(result.last, REGISTRY).weights)
    for name, weight in weights[0].items():
        torch.testing.assert_close(weight, weights[1][name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("recipe", ["asr/conformer-transducer-small", "asr/las"])
def test_decoders_use_networks_that_no_loss_has_gathered(
    recipe, small_recipe, tmp_path, ungrouped
):
    graph = small_recipe(
        recipe,
        "train.trainer={max_steps: 2, accelerator: cpu, devices: 1, strategy: fsdp2}",
        "views.validate.run=[]",
    )
    result = fit(graph, REGISTRY, tmp_path / "run", metrics=METRICS, say=lambda _: None)
    assert result.steps == 2
