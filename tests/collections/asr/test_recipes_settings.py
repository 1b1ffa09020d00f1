"""The published settings of the recipes train: two steps of each, made small."""

import pytest

from phonograph.collections import default_registry
from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.collections.recipes import locate
from phonograph.graphs.check import load_graph
from phonograph.training.fit import fit
from phonograph.training.scoring import Metric
from phonograph.training.settings import settings_so_far

METRICS: dict[str, Metric] = {"wer": word_errors, "cer": character_errors}

# What the sources that a recipe names have: optimizer, `lr` and `betas`, the schedule with its
# warm-up in steps, the highest rate, the floor.
PUBLISHED = {
    "quartznet-5x5": ("novograd", 0.01, (0.95, 0.5), "cosine", 1000, 0.01, 0.0),
    "quartznet-10x5": ("novograd", 0.01, (0.95, 0.5), "cosine", 1000, 0.01, 0.0),
    "quartznet-15x5": ("novograd", 0.01, (0.95, 0.5), "cosine", 1000, 0.01, 0.0),
    "jasper-10x5": ("novograd", 0.02, (0.95, 0.98), "polynomial", 0, 0.02, 1e-5),
    "citrinet-256": ("novograd", 0.05, (0.8, 0.25), "cosine", 1000, 0.05, 1e-5),
    "citrinet-384": ("novograd", 0.05, (0.8, 0.25), "cosine", 1000, 0.05, 1e-5),
    "citrinet-512": ("novograd", 0.05, (0.8, 0.25), "cosine", 1000, 0.05, 1e-5),
    "citrinet-1024": ("novograd", 0.05, (0.8, 0.25), "cosine", 5000, 0.05, 1e-5),
    "conformer-ctc-small": ("adamw", 5.0, (0.9, 0.98), "noam", 10000, 0.0037688918, 1e-6),
    "conformer-ctc-medium": ("adamw", 5.0, (0.9, 0.98), "noam", 10000, 0.003125, 1e-6),
    "conformer-ctc-large": ("adamw", 2.0, (0.9, 0.98), "noam", 10000, 0.00088388348, 1e-6),
}
FAMILIES = ["quartznet-5x5", "jasper-10x5", "citrinet-256", "conformer-ctc-small"]


def _load(recipe, *overrides):
    path, name = locate(f"phonograph://asr/{recipe}")
    return load_graph(path, overrides, default_registry(), name=name)


@pytest.mark.parametrize("recipe", PUBLISHED)
def test_the_settings_are_those_of_the_source(recipe):
    settings = settings_so_far(_load(recipe))
    name, lr, betas, shape, warmup, peak, floor = PUBLISHED[recipe]
    assert (settings.optimizer, settings.rates["lr"], settings.rates["betas"]) == (name, lr, betas)
    assert settings.rates["weight_decay"] == 1e-3
    schedule = settings.schedule
    assert (schedule.name, schedule.warmup_steps, schedule.min_lr) == (shape, warmup, floor)
    assert schedule.peak(lr) == pytest.approx(peak, rel=1e-6)


@pytest.mark.parametrize("recipe", FAMILIES)
def test_a_small_form_trains_two_steps_at_the_published_rate(recipe, small_recipe, tmp_path):
    cpu = ("train.trainer.max_steps=2", "train.trainer.accelerator=cpu")
    graph = small_recipe(f"asr/{recipe}", *cpu)
    result = fit(graph, default_registry(), tmp_path / "run", metrics=METRICS, say=lambda _: None)
    assert result.steps == 2
