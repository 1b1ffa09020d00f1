"""Recipes with different kinds of parts, made small, train under FSDP2 as they do without."""

import pytest
import torch

from phonograph.collections import default_registry
from phonograph.collections.asr.word_errors import character_errors, word_errors
from phonograph.graphs.bundle import read_bundle
from phonograph.training.fit import fit

METRICS = {"wer": word_errors, "cer": character_errors}
REGISTRY = default_registry()
ONLY_DECODED = "views.validate.run=[text.text]"
KINDS = {
    # decoders use the joint network, or the speller, that no loss has gathered before
    "asr/conformer-transducer-small": [ONLY_DECODED],
    "asr/las": [ONLY_DECODED],
    "asr/matchboxnet-3x1x64": ["train.optimizer={name: novograd, lr: 1e-3}"],
    "asr/wav2vec2-base": ["init=null"],
}


@pytest.mark.parametrize("recipe", KINDS)
def test_the_weights_are_those_of_one_device(recipe, small_recipe, tmp_path):
    sides = []
    for strategy in ("auto", "fsdp2"):
        graph = small_recipe(
            recipe,
            "train.optimizer={name: sgd, lr: 1e-3}",
            *KINDS[recipe],
            "train.trainer.max_steps=2",
            "train.trainer.accelerator=cpu",
            "train.trainer.devices=1",
            f"train.trainer.strategy={strategy}",
        )
        result = fit(graph, REGISTRY, tmp_path / strategy, metrics=METRICS, say=lambda _: None)
        sides.append(dict(read_bundle(result.last, REGISTRY).weights))
    torch.testing.assert_close(*sides, rtol=1e-4, atol=1e-6)
    assert not torch.distributed.is_initialized()
