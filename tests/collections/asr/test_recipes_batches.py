"""An utterance gets the same transcript alone or in any batch, in every recipe, made small."""

from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonograph.graphs.model import build

MINI = yaml.safe_load(Path(__file__).with_name("small_recipes.yaml").read_text(encoding="utf-8"))
UTTERANCES = 6
TOLERANCE = 1e-3

batches = st.lists(st.integers(0, UTTERANCES - 1), min_size=2, max_size=8)


@pytest.fixture
def transcribe(small_recipe):
    """Transcribe some of the utterances of a recipe, padded side by side, in the order given."""
    models = {}

    def transcribed(recipe, numbers):
        if recipe not in models:
            torch.manual_seed(3)
            model = build(small_recipe(recipe))
            model.module.eval()
            models[recipe] = model, model.modules["data"].dataset("train")
        model, dataset = models[recipe]
        batch = model.modules["data"].collate([dataset[number] for number in numbers])
        view = model.view("infer")
        with torch.no_grad():
            said = view({port: batch[port.port] for port in view.view.inputs})
        by_port = {str(port): value for port, value in said.items()}
        return by_port["text.text"], by_port.get("text.hypotheses")

    return transcribed


@pytest.mark.parametrize("recipe", sorted(MINI))
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(numbers=batches)
def test_the_transcript_does_not_depend_on_the_batch(transcribe, recipe, numbers):
    texts, hypotheses = transcribe(recipe, numbers)
    for row, number in enumerate(numbers):
        (text,), alone = transcribe(recipe, [number])
        assert texts[row] == text
        if alone is not None:
            assert hypotheses[row].score == pytest.approx(alone[0].score, abs=TOLERANCE)
