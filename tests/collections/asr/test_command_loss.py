"""The loss of commands is the cross entropy with the only token."""

import torch
from torch.nn import functional

from phonograph.collections.asr.command_loss import CommandLoss


def test_the_mean_is_over_utterances_of_one_token():
    logits = torch.randn(4, 5, requires_grad=True)
    targets = torch.tensor([[3, 0], [1, 2], [0, 0], [2, 4]])
    loss, rejected = CommandLoss(vocab=5)(logits, targets, torch.tensor([1, 2, 0, 1]))
    assert rejected.tolist() == [False, True, True, False]
    expected = functional.cross_entropy(logits[[0, 3]], torch.tensor([3, 2]))
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert logits.grad is not None
    assert logits.grad.any(1).tolist() == [True, False, False, True]


def test_when_all_are_rejected_the_loss_is_zero_with_a_gradient_of_zero():
    logits = torch.randn(1, 2, requires_grad=True)
    loss, rejected = CommandLoss(vocab=2)(logits, torch.tensor([[0, 1]]), torch.tensor([2]))
    loss.backward()
    assert (loss.item(), rejected.tolist()) == (0.0, [True])
    assert logits.grad is not None
    assert not logits.grad.any()


def test_it_is_computed_in_float32():
    logits = torch.zeros(1, 2, dtype=torch.bfloat16)
    loss, _ = CommandLoss(vocab=2)(logits, torch.tensor([[0]]), torch.tensor([1]))
    assert loss.dtype == torch.float32
