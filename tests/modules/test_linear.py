"""Quick matrix products, held against PyTorch's own."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from phonograph.modules.linear import Linear, linear

WIDTHS = st.integers(1, 40)


def gradients(product, x, weight, bias):
    leaves = [part.clone().requires_grad_() for part in (x, weight, bias)]
    made = product(*leaves)
    sloped = made * torch.linspace(-1, 1, made.numel()).reshape(made.shape)
    return [made.detach(), *torch.autograd.grad(sloped.sum(), leaves)]


@given(shape=st.lists(st.integers(1, 5), min_size=0, max_size=3), width=WIDTHS, out=WIDTHS)
def test_products_and_gradients_are_those_of_pytorch(shape, width, out):
    x, weight, bias = torch.randn(*shape, width), torch.randn(out, width), torch.randn(out)
    ours, theirs = (gradients(p, x, weight, bias) for p in (linear, functional.linear))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_transposed_input_is_read_as_it_lies():
    x, weight = torch.randn(2, 8, 5), torch.randn(3, 8)
    made = linear(x.transpose(1, 2), weight)
    torch.testing.assert_close(made, functional.linear(x.transpose(1, 2), weight))


@pytest.mark.parametrize("frozen", ["x", "weight", "bias"])
def test_what_is_frozen_gets_no_gradient_and_the_rest_does(frozen):
    parts = {"x": torch.randn(3, 4), "weight": torch.randn(2, 4), "bias": torch.randn(2)}
    for name, part in parts.items():
        part.requires_grad_(name != frozen)
    linear(**parts).sum().backward()
    assert [name for name, part in parts.items() if part.grad is None] == [frozen]


def test_no_frames_give_no_frames():
    assert linear(torch.zeros(0, 4), torch.zeros(6, 4)).shape == (0, 6)


def test_other_precisions_are_left_to_pytorch():
    x, weight = torch.randn(3, 4), torch.randn(2, 4)
    assert linear(x.double(), weight.double()).dtype == torch.float64
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(x, weight).dtype == torch.bfloat16


def test_the_layer_exports_as_the_plain_operation():
    exported = torch.export.export(Linear(4, 6), (torch.zeros(2, 4),))
    targets = [str(node.target) for node in exported.graph.nodes if node.op == "call_function"]
    assert targets == ["aten.linear.default"]


def test_weights_are_those_of_the_plain_layer():
    plain, quick = torch.nn.Linear(4, 6), Linear(4, 6)
    quick.load_state_dict(plain.state_dict())
    x = torch.randn(3, 4)
    torch.testing.assert_close(quick(x), plain(x))
