from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from phonograph.collections.asr.ctc_loss import CtcLoss
from phonograph.modules.ctc_likelihood import ctc_nll

LOSS = CtcLoss(vocab=3)


def batch(seed, batch=4, frames=8, longest=5):
    """Draw log-probabilities, lengths, targets and target lengths; some may not fit."""
    draw = torch.Generator().manual_seed(seed)
    scores = torch.randn(batch, frames, 4, generator=draw).log_softmax(-1)
    lengths = torch.randint(1, frames + 1, (batch,), generator=draw)
    targets = torch.randint(0, 3, (batch, longest), generator=draw)
    target_lengths = torch.randint(0, longest + 1, (batch,), generator=draw)
    return scores, lengths, targets, target_lengths


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 9999))
def test_a_batch_costs_the_mean_of_its_accepted_utterances(seed):
    tensors = batch(seed)
    loss, rejected = LOSS(*tensors)
    singles = [LOSS(*(tensor[row : row + 1] for tensor in tensors)) for row in range(4)]
    assert [bool(one) for _, one in singles] == rejected.tolist()
    costs = [cost for cost, one in singles if not one]
    torch.testing.assert_close(loss, torch.stack(costs).mean() if costs else torch.zeros(()))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 9999))
def test_rejected_is_where_the_likelihood_would_be_zero(seed):
    scores, lengths, targets, target_lengths = batch(seed)
    _, rejected = LOSS(scores, lengths, targets, target_lengths)
    nll = ctc_nll(scores, lengths, targets, target_lengths, blank=3)
    assert torch.equal(rejected, nll.isinf())


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 9999))
def test_the_gradient_is_finite_and_leaves_out_the_rejected(seed):
    scores, *rest = batch(seed)
    scores.requires_grad_()
    loss, rejected = LOSS(scores, *rest)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert bool(gradient.isfinite().all())
    assert gradient.flatten(1).any(dim=1).tolist() == (~rejected).tolist()


def test_a_token_costs_the_same_in_short_and_long_transcripts():
    scores = torch.full((2, 6, 4), 0.25).log()
    six, targets = torch.tensor([6, 6]), torch.tensor([[0, 1, 2], [0, 0, 0]])
    loss, _ = LOSS(scores, six, targets, torch.tensor([3, 1]))
    first = ctc_nll(scores[:1], six[:1], targets[:1], torch.tensor([3]), blank=3) / 3
    second = ctc_nll(scores[1:], six[1:], targets[1:], torch.tensor([1]), blank=3)
    torch.testing.assert_close(loss, (first[0] + second[0]) / 2)


def test_equal_neighbours_need_a_frame_between_them():
    scores = torch.full((4, 3, 4), 0.25).log()
    targets = torch.tensor([[0, 1, 2], [0, 0, 1], [0, 0, 1], [0, 0, 0]])
    _, rejected = LOSS(scores, torch.full((4,), 3), targets, torch.tensor([3, 3, 2, 3]))
    assert rejected.tolist() == [False, True, False, True]


def test_when_all_are_rejected_the_loss_is_zero_and_so_is_its_gradient():
    scores = torch.randn(2, 2, 4).log_softmax(-1).requires_grad_()
    two, three = torch.tensor([2, 2]), torch.tensor([3, 3])
    loss, rejected = LOSS(scores, two, torch.zeros(2, 3, dtype=torch.int64), three)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert loss.item() == 0
    assert rejected.all()
    assert not gradient.any()


@pytest.mark.parametrize("value", [torch.nan, -torch.inf])
def test_a_broken_accepted_utterance_is_not_hidden(value):
    scores, *_ = batch(0)
    scores[1] = value
    eight, one = torch.full((4,), 8), torch.full((4,), 1)
    loss, rejected = LOSS(scores, eight, torch.zeros(4, 5, dtype=torch.int64), one)
    assert not loss.isfinite()
    assert not rejected.any()


def test_a_broken_rejected_utterance_spoils_nothing():
    scores = torch.randn(2, 4, 4).log_softmax(-1)
    scores[1] = torch.nan
    scores.requires_grad_()
    targets = torch.tensor([[0, 1, 2], [0, 0, 0]])
    loss, rejected = LOSS(scores, torch.tensor([4, 4]), targets, torch.tensor([3, 3]))
    (gradient,) = torch.autograd.grad(loss, scores)
    assert rejected.tolist() == [False, True]
    assert loss.isfinite()
    assert bool(gradient.isfinite().all())


def test_it_is_float32_under_autocast_and_for_bfloat16_input():
    scores, *rest = batch(0)
    exact = LOSS(scores.bfloat16().float(), *rest)[0]
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(LOSS(scores.bfloat16(), *rest)[0], exact)
    assert exact.dtype is torch.float32


def test_it_compiles_whole_with_its_gradient():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.loss = nn.Linear(4, 4), CtcLoss(3)

        def forward(self, frames, *rest):
            return self.loss(self.linear(frames).log_softmax(-1), *rest)

    torch.manual_seed(0)
    model, tensors = Model(), batch(5)
    # aot_eager traces forward and backward as every backend does, and calls no C++ compiler.
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend="aot_eager")
    found: list[tuple[Tensor, Tensor]] = []
    gradients: list[Tensor] = []
    for run in (model, compiled):
        loss, rejected = run(*tensors)
        found.append((loss.detach(), rejected))
        gradients += torch.autograd.grad(loss, model.linear.weight)
    assert found[1][1].any()
    torch.testing.assert_close(*found)
    torch.testing.assert_close(*gradients)
