from __future__ import annotations

from itertools import groupby, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import ctc_loss

from phonograph.modules.ctc_likelihood import ctc_nll, frames_needed


def batch(seed, batch=4, frames=9, labels=3, longest=4, dtype=torch.float64):
    """Draw log-probabilities, lengths, targets and target lengths that fit."""
    draw = torch.Generator().manual_seed(seed)
    scores = torch.randn(batch, frames, labels + 1, generator=draw, dtype=dtype)
    lengths = torch.randint(frames - 1, frames + 1, (batch,), generator=draw)
    targets = torch.randint(0, labels, (batch, longest), generator=draw)
    target_lengths = torch.randint(0, longest + 1, (batch,), generator=draw)
    return scores, lengths, targets, target_lengths


def collapsed(path, blank):
    return [label for label, _ in groupby(path) if label != blank]


def brute_force(log_probs, target, blank):
    """Add up the probabilities of all paths that collapse to the target."""
    frames, labels = log_probs.shape
    total = torch.zeros((), dtype=log_probs.dtype)
    for path in product(range(labels), repeat=frames):
        if collapsed(path, blank) == target:
            total = total + log_probs[range(frames), path].sum().exp()
    return -total.log()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 999),
    frames=st.integers(1, 4),
    target=st.lists(st.integers(0, 2), max_size=4),
)
def test_it_is_the_sum_over_all_alignments_and_so_is_its_gradient(seed, frames, target):
    draw = torch.Generator().manual_seed(seed)
    scores = torch.randn(frames, 4, generator=draw, dtype=torch.float64, requires_grad=True)
    log_probs = scores.log_softmax(-1)
    lengths, target_lengths = torch.tensor([frames]), torch.tensor([len(target)])
    targets = torch.tensor([[*target, 0]])
    found = ctc_nll(log_probs[None], lengths, targets, target_lengths, blank=3)[0]
    expected = brute_force(log_probs, target, blank=3)
    torch.testing.assert_close(found, expected)
    fits = int(frames_needed(targets, target_lengths)[0]) <= frames
    assert bool(expected.isfinite()) == fits
    if fits:
        gradients = [
            torch.autograd.grad(y, scores, retain_graph=True)[0] for y in (found, expected)
        ]
        torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_pytorch(seed):
    scores, lengths, targets, target_lengths = batch(seed)
    scores.requires_grad_()
    found = ctc_nll(scores.log_softmax(-1), lengths, targets, target_lengths, blank=3)
    expected = ctc_loss(
        scores.log_softmax(-1).transpose(0, 1), targets, lengths, target_lengths, 3, "none"
    )
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(y.sum(), scores)[0] for y in (found, expected)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("padding", [-1, 3, 10**6])
def test_what_lies_past_a_target_does_not_matter(padding):
    scores, lengths, targets, _ = batch(0)
    short = torch.tensor([2, 0, 4, 1])
    log_probs = scores.log_softmax(-1)
    expected = ctc_nll(log_probs, lengths, targets, short, blank=3)
    other = targets.masked_fill(torch.arange(4) >= short[:, None], padding)
    torch.testing.assert_close(ctc_nll(log_probs, lengths, other, short, blank=3), expected)


@pytest.mark.parametrize("garbage", [0.0, torch.nan, -torch.inf])
def test_what_lies_past_the_last_frame_does_not_matter(garbage):
    scores, _, targets, target_lengths = batch(0)
    lengths = torch.tensor([9, 8, 9, 8])
    spoilt = scores.log_softmax(-1)
    spoilt[1, 8], spoilt[3, 8] = garbage, garbage
    spoilt.requires_grad_()
    found = ctc_nll(spoilt, lengths, targets, target_lengths, blank=3)
    expected = ctc_nll(scores.log_softmax(-1), lengths, targets, target_lengths, blank=3)
    torch.testing.assert_close(found, expected)
    gradient = torch.autograd.grad(found.sum(), spoilt)[0]
    assert bool(gradient.isfinite().all())
    assert not gradient[1, 8].any()


@pytest.mark.parametrize("wrong", [-1, 3, 4])
def test_a_label_that_is_none_is_an_error(wrong):
    scores, lengths, targets, _ = batch(0)
    targets[2, 1] = wrong
    full = torch.full((4,), 4)
    with pytest.raises(ValueError, match=r"^a target is the blank or not among the labels$"):
        ctc_nll(scores.log_softmax(-1), lengths, targets, full, blank=3)


def test_an_unused_utterance_has_no_gradient_even_where_it_is_not_finite():
    scores, lengths, targets, target_lengths = batch(0)
    scores[1] = torch.nan
    log_probs = scores.log_softmax(-1).requires_grad_()
    nll = ctc_nll(log_probs, lengths, targets, target_lengths, blank=3)
    (gradient,) = torch.autograd.grad(nll[[0, 2, 3]].sum(), log_probs)
    assert not gradient[1].any()
    assert bool(gradient.isfinite().all())


def test_a_batch_of_empty_targets_costs_the_blanks():
    log_probs = batch(0)[0].log_softmax(-1)
    none = torch.zeros(4, 0, dtype=torch.int64)
    nine, zero = torch.full((4,), 9), torch.zeros(4, dtype=torch.int64)
    found = ctc_nll(log_probs, nine, none, zero, blank=3)
    torch.testing.assert_close(found, -log_probs[:, :, 3].sum(dim=1))


def test_the_operator_is_registered_as_pytorch_wants_it():
    scores, *rest = batch(0)
    arguments = (scores.log_softmax(-1).requires_grad_(), *rest, 3)
    checks = ("test_schema", "test_faketensor", "test_autograd_registration")
    torch.library.opcheck(torch.ops.phonograph.ctc_forward, arguments, test_utils=checks)
