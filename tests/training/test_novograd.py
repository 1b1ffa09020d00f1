"""The optimizer NovoGrad."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.novograd import NovoGrad

numbers = st.floats(-5, 5).filter(lambda value: abs(value) > 1e-3)
vectors = st.lists(numbers, min_size=2, max_size=4)


def _by_hand(weight, gradients, *, lr, betas, decay, averaging):
    """Algorithm 1 of the paper, number by number."""
    moment, second = [0.0] * len(weight), 0.0
    for step, gradient in enumerate(gradients):
        squared = sum(g * g for g in gradient)
        second = squared if step == 0 else betas[1] * second + (1 - betas[1]) * squared
        for i, g in enumerate(gradient):
            change = g / (math.sqrt(second) + 1e-8) + decay * weight[i]
            moment[i] = betas[0] * moment[i] + change * (1 - betas[0] if averaging else 1)
        weight = [w - lr * m for w, m in zip(weight, moment, strict=True)]
    return weight


@given(
    weight=vectors,
    seed=st.integers(0, 1000),
    lr=st.floats(1e-4, 0.5),
    betas=st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)),
    decay=st.sampled_from([0.0, 1e-3, 0.1]),
    averaging=st.booleans(),
)
def test_steps_are_those_of_the_paper(weight, seed, lr, betas, decay, averaging):
    draws = torch.Generator().manual_seed(seed)
    gradients = torch.randn(5, len(weight), generator=draws, dtype=torch.float64)
    tensor = torch.nn.Parameter(torch.tensor(weight, dtype=torch.float64))
    optimizer = NovoGrad([tensor], lr=lr, betas=betas, weight_decay=decay, grad_averaging=averaging)
    for gradient in gradients:
        tensor.grad = gradient.clone()
        optimizer.step()
    expected = _by_hand(
        weight, gradients.tolist(), lr=lr, betas=betas, decay=decay, averaging=averaging
    )
    assert tensor.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_two_steps_computed_on_paper():
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = NovoGrad([weight], lr=0.1, betas=(0.9, 0.5), weight_decay=0.1)
    weight.grad = torch.tensor([3.0, 4.0])  # norm 5: 0.6, 0.8; with decay 0.7, 1.0
    optimizer.step()
    assert weight.tolist() == pytest.approx([0.93, 1.9])
    weight.grad = torch.tensor([0.0, 5.0])  # v = 0.5 * 25 + 0.5 * 25; 0, 1; with decay 0.093, 1.19
    optimizer.step()  # m = 0.63 + 0.093, 0.9 + 1.19
    assert weight.tolist() == pytest.approx([0.93 - 0.0723, 1.9 - 0.209])


@given(st.floats(1e-3, 1e3), st.integers(0, 100))
def test_the_size_of_a_gradient_does_not_matter(scale, seed):
    ends = []
    for factor in (1.0, scale):
        draws = torch.Generator().manual_seed(seed)
        weight = torch.nn.Parameter(torch.randn(4, generator=draws))
        optimizer = NovoGrad([weight], lr=0.1)
        for _ in range(3):
            weight.grad = factor * torch.randn(4, generator=draws)
            optimizer.step()
        ends.append(weight.detach())
    assert torch.allclose(ends[0], ends[1], atol=1e-4)


def test_a_gradient_of_nothing_moves_nothing_and_spoils_nothing():
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = NovoGrad([weight], lr=0.1, betas=(0.0, 0.5))
    weight.grad = torch.zeros(3)
    optimizer.step()
    assert torch.equal(weight.detach(), torch.ones(3))
    weight.grad = torch.tensor([0.0, 0.0, 9.0])
    optimizer.step()
    assert torch.allclose(weight.detach(), torch.tensor([1.0, 1.0, 0.9]))


def test_its_state_is_loaded_back():
    def train(steps, state=None, weight=None):
        weight = torch.nn.Parameter(torch.ones(3) if weight is None else weight)
        optimizer = NovoGrad([weight], lr=0.1)
        if state:
            optimizer.load_state_dict(state)
        for step in steps:
            weight.grad = torch.arange(3.0) + step
            optimizer.step()
        return weight.detach().clone(), optimizer.state_dict()

    whole, _ = train(range(4))
    half, state = train(range(2))
    again, _ = train(range(2, 4), state, half)
    assert torch.equal(whole, again)


@pytest.mark.parametrize(
    "wrong",
    [{"lr": 0.0}, {"betas": (1.0, 0.5)}, {"eps": 0.0}, {"weight_decay": -1.0}],
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="Invalid"):
        NovoGrad([torch.nn.Parameter(torch.ones(1))], **wrong)


def test_a_closure_is_called_first():
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimizer = NovoGrad([weight], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    assert weight.item() == pytest.approx(1.5)
