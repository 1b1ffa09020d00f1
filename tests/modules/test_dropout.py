"""Quick dropout, held against its definition."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.dropout import Dropout, dropout


@given(shape=st.lists(st.integers(0, 5), max_size=4), p=st.floats(0, 0.99))
def test_a_value_becomes_zero_or_is_scaled_up(shape, p):
    x = torch.rand(shape) + 1
    dropped = dropout(x, p)
    torch.testing.assert_close(dropped, torch.where(dropped == 0, 0, x / (1 - p)))


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_the_share_of_zeros_is_the_probability(p, dtype):
    torch.manual_seed(0)
    dropped = dropout(torch.ones(500, 400, dtype=dtype), p)
    assert dropped.dtype == dtype
    zeros = (dropped == 0).double()
    noise = (p * (1 - p) / 200_000) ** 0.5
    assert zeros.mean().item() == pytest.approx(p, abs=4 * noise)
    # each of the four values that share a random number is as likely as the others
    for place in range(4):
        assert zeros[:, place::4].mean().item() == pytest.approx(p, abs=8 * noise)


def test_values_are_dropped_independently():
    torch.manual_seed(0)
    zeros = (dropout(torch.ones(100_000, 4), 0.5) == 0).double()
    torch.testing.assert_close(
        torch.corrcoef(zeros.T), torch.eye(4, dtype=torch.float64), rtol=0, atol=0.015
    )


def test_gradients_pass_where_values_did():
    x = torch.randn(6, 7, requires_grad=True)
    dropped = dropout(x, 0.5)
    dropped.sum().backward()
    torch.testing.assert_close(x.grad, (dropped != 0) * 2.0)


def test_a_seed_gives_the_same_values():
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        drawn.append(dropout(torch.ones(50), 0.5))
    assert torch.equal(*drawn)


def test_values_that_are_not_contiguous_keep_their_places():
    x = torch.arange(1.0, 13).reshape(3, 4).T
    dropped = dropout(x, 0.5)
    torch.testing.assert_close(dropped, torch.where(dropped == 0, 0, 2 * x))


def test_nothing_is_dropped_outside_training_or_with_a_probability_of_zero():
    x = torch.randn(4)
    assert Dropout(0.5).eval()(x) is x
    torch.testing.assert_close(Dropout(0.0)(x), x)


def test_it_exports_as_the_plain_operation():
    exported = torch.export.export(Dropout(0.5), (torch.zeros(2, 4),))
    targets = [str(node.target) for node in exported.graph.nodes if node.op == "call_function"]
    assert targets == ["aten.dropout.default"]
