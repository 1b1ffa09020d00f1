"""Norms of steps, held against PyTorch's own."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from phonograph.modules.masks import valid_mask
from phonograph.modules.step_norm import BatchStepNorm, StepNormKind, build_step_norm

KINDS: list[StepNormKind] = ["batch", "layer", "group", "instance", "none"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_utterance_gives_the_same_alone_and_padded(kind):
    norm = build_step_norm(kind, 6, 2).eval()
    x = torch.randn(2, 9, 6)
    together = norm(x, valid_mask(torch.tensor([9, 4]), 9))
    alone = norm(x[1:, :4], torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(together[1:, :4], alone)


def test_each_kind_is_what_its_name_says():
    x, mask = torch.randn(2, 7, 6), torch.ones(2, 7, dtype=torch.bool)
    x_bdt = x.transpose(1, 2)
    expected = {
        "batch": nn.BatchNorm1d(6)(x_bdt),
        "layer": nn.LayerNorm(6)(x).transpose(1, 2),
        "group": nn.GroupNorm(2, 6)(x_bdt),
        "instance": nn.InstanceNorm1d(6)(x_bdt),
        "none": x_bdt,
    }
    for kind in KINDS:
        found = build_step_norm(kind, 6, 2)(x, mask)
        torch.testing.assert_close(found, expected[kind].transpose(1, 2), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("biased", [True, False])
def test_a_folded_batch_norm_does_the_same_in_the_filter(biased):
    norm = BatchStepNorm(4).eval()
    for value in (norm.weight, norm.bias):
        nn.init.normal_(value)
    norm.running_mean, norm.running_var = torch.randn(4), 0.5 + torch.rand(4)
    weight, bias = torch.randn(4, 1, 3), torch.randn(4) if biased else None
    x = torch.randn(2, 4, 9)
    filtered = functional.conv1d(x, weight, bias, groups=4).transpose(1, 2)
    expected = norm(filtered, torch.ones(2, 7, dtype=torch.bool)).transpose(1, 2)
    found = functional.conv1d(x, *norm.folded(weight, bias), groups=4)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_groups_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match=r"^`groups`: 4 groups do not divide 6 channels$"):
        build_step_norm("group", 6, 4)
