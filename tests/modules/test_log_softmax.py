from __future__ import annotations

import torch

from phonograph.modules.log_softmax import LogSoftmax


def test_probabilities_sum_to_one_in_float32_whatever_the_scores_are():
    scores = LogSoftmax(3)(100 * torch.randn(2, 7, 4).bfloat16())
    assert scores.dtype is torch.float32
    torch.testing.assert_close(scores.exp().sum(2), torch.ones(2, 7))


def test_differences_between_scores_stay():
    logits = torch.randn(2, 7, 4)
    found = LogSoftmax(3)(logits).diff(dim=2)
    torch.testing.assert_close(found, logits.diff(dim=2))
