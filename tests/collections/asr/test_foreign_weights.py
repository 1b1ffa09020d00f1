"""Tensors remember who took them."""

import pytest
import torch

from phonograph.collections.asr.foreign_weights import MissingTensorError, Weights

NAMES = ["encoder.a", "encoder.b.c", "head.a"]


@pytest.fixture
def weights() -> Weights:
    return Weights({name: torch.tensor(float(number)) for number, name in enumerate(NAMES)})


def test_what_is_looked_up_under_any_prefix_is_taken(weights):
    assert weights.under("encoder.").under("b.")["c"] == 1
    assert weights.untaken() == ["encoder.a", "head.a"]
    assert weights["head.a"] == 2
    assert weights.under("encoder.").untaken() == ["encoder.a"]


def test_walking_and_asking_takes_nothing(weights):
    encoder = weights.under("encoder.")
    assert list(encoder) == ["a", "b.c"]
    assert len(encoder) == 2
    assert "a" in encoder
    assert "x" not in encoder
    assert weights.untaken() == NAMES


def test_a_missing_tensor_is_named_as_the_checkpoint_would(weights):
    with pytest.raises(MissingTensorError) as caught:
        weights.under("encoder.")["x"]
    assert caught.value.name == "encoder.x"
    assert weights.under("encoder.").get("x") is None
