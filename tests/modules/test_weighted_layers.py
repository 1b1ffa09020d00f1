from __future__ import annotations

import re

import pytest
import torch
from torch.nn import functional

from phonograph.modules.weighted_layers import WeightedLayers


def test_the_mixture_is_the_mean_of_all_layers_at_the_start():
    layers = [torch.randn(2, 3, 7) for _ in range(4)]
    torch.testing.assert_close(WeightedLayers(4)(layers), torch.stack(layers).mean(0))


def test_the_shares_are_positive_and_sum_to_one_whatever_the_weights_are():
    mixture = WeightedLayers(5)
    torch.nn.init.normal_(mixture.weights, std=10)
    assert bool((mixture.shares >= 0).all())
    torch.testing.assert_close(mixture.shares.sum(), torch.tensor(1.0))


def test_a_large_weight_chooses_its_layer_and_the_scale_scales():
    layers = [torch.randn(2, 3, 7) for _ in range(3)]
    mixture = WeightedLayers(3)
    with torch.no_grad():
        mixture.weights[1] = 100
        mixture.scale.fill_(2.0)
    torch.testing.assert_close(mixture(layers), 2 * layers[1])


def test_with_a_norm_loud_layers_count_as_much_as_quiet_ones():
    quiet, loud = torch.randn(2, 8, 7), torch.randn(2, 8, 7)
    mixture = WeightedLayers(2, norm="layer")
    torch.testing.assert_close(
        mixture([quiet, 1000 * loud]), mixture([quiet, loud]), atol=1e-3, rtol=0
    )
    expected = functional.layer_norm(quiet.mT, (8,)).mT + functional.layer_norm(loud.mT, (8,)).mT
    torch.testing.assert_close(mixture([quiet, loud]), expected / 2)


def test_it_needs_a_layer():
    with pytest.raises(ValueError, match=re.escape("`layers` must be at least 1, not 0")):
        WeightedLayers(0)
