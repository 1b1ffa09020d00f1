import torch
from torch import nn

from phonograph.graphs.kept_for_backward import KeptForBackward


def test_what_the_backward_pass_needs_is_counted_once_and_without_the_weights():
    linear, given = nn.Linear(8, 4), torch.randn(5, 8)
    with KeptForBackward(linear.parameters()) as kept:
        first = linear(given).tanh()  # keeps its input, and its output
        (first * first).sum()  # keeps the same output once more
    assert kept.bytes == 4 * (5 * 8 + 5 * 4)


def test_nothing_is_kept_without_gradients():
    linear = nn.Linear(8, 4)
    with torch.no_grad(), KeptForBackward(linear.parameters()) as kept:
        linear(torch.randn(5, 8)).tanh()
    assert kept.bytes == 0


def test_gradients_are_the_same_under_the_count():
    linear, given = nn.Linear(8, 4), torch.randn(5, 8)
    linear(given).tanh().sum().backward()
    plain = linear.weight.grad
    linear.zero_grad()
    with KeptForBackward(linear.parameters()):
        loss = linear(given).tanh().sum()
    loss.backward()
    assert plain is not None
    assert linear.weight.grad is not None
    assert linear.weight.grad is not None
    assert torch.equal(linear.weight.grad, plain)
