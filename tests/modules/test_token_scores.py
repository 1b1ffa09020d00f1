from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.modules import token_scores as module
from phonograph.modules.token_scores import token_scores

BLANK = 4


def batch(seed, batch=3, frames=5, longest=4, vocab=5) -> Any:
    """Draw scores, targets and target lengths."""
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, frames, longest + 1, vocab, generator=draw)
    targets = torch.randint(0, vocab - 1, (batch, longest), generator=draw)
    target_lengths = torch.randint(0, longest + 1, (batch,), generator=draw)
    return logits, targets, target_lengths


def plainly(logits, targets, target_lengths) -> Any:
    """Compute the same with PyTorch's operators; 0 where there is no next token."""
    log_probs = logits.log_softmax(-1)
    token = log_probs.new_zeros(log_probs.shape[:3])
    for row, tokens in enumerate(target_lengths.tolist()):
        for place in range(tokens):
            token[row, :, place] = log_probs[row, :, place, targets[row, place]]
    return log_probs[..., BLANK], token


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), rows=st.integers(1, 200))
def test_it_is_log_softmax_and_a_choice_however_it_is_sliced(seed, rows):
    logits, targets, target_lengths = batch(seed)
    logits.requires_grad_()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SLICE", {"cpu": rows * 5})
        found = token_scores(logits, targets, target_lengths, BLANK)
        expected = plainly(logits, targets, target_lengths)
        there = torch.arange(5) < target_lengths[:, None, None]
        torch.testing.assert_close(found[0], expected[0])
        torch.testing.assert_close(found[1] * there, expected[1])
        weights = torch.randn(2, *found[0].shape, generator=torch.Generator().manual_seed(seed))
        slopes = [
            torch.autograd.grad((a * weights[0] + b * there * weights[1]).sum(), logits)[0]
            for a, b in (found, expected)
        ]
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("garbage", [torch.nan, torch.inf, 1e30])
def test_points_that_nothing_depends_on_have_no_gradient(garbage):
    logits, targets, _ = batch(0)
    logits[1, 3:] = garbage
    logits.requires_grad_()
    blank, token = token_scores(logits, targets, torch.tensor([4, 4, 4]), BLANK)
    (slope,) = torch.autograd.grad(blank[:, :3].sum() + token[:, :3, :4].sum(), logits)
    assert bool(slope.isfinite().all())
    assert not slope[:, 3:].any()
    assert slope[:, :3].any()


def test_half_precision_is_normalised_in_float32():
    logits, targets, target_lengths = batch(0)
    half = logits.bfloat16().requires_grad_()
    found = token_scores(half, targets, target_lengths, BLANK)
    expected = token_scores(half.detach().float(), targets, target_lengths, BLANK)
    torch.testing.assert_close(found, expected)
    (slope,) = torch.autograd.grad(found[0].sum(), half)
    assert slope.dtype is torch.bfloat16


@pytest.mark.parametrize("padding", [-1, BLANK, 10**6])
def test_what_lies_past_a_target_does_not_matter(padding):
    logits, targets, _ = batch(0)
    short = torch.tensor([2, 0, 3])
    other = targets.masked_fill(torch.arange(4) >= short[:, None], padding)
    found, expected = (token_scores(logits, t, short, BLANK)[1] for t in (other, targets))
    there = torch.arange(5) < short[:, None, None]
    torch.testing.assert_close(found * there, expected * there)


@pytest.mark.parametrize("wrong", [-1, BLANK, 5])
def test_a_token_that_is_none_is_an_error(wrong):
    logits, targets, _ = batch(0)
    targets[2, 1] = wrong
    with pytest.raises(ValueError, match=r"^a target is the blank or not in the vocabulary$"):
        token_scores(logits, targets, torch.tensor([4, 4, 4]), BLANK)


def test_the_operator_is_registered_as_pytorch_wants_it():
    logits, *rest = batch(0)
    arguments = (logits.requires_grad_(), *rest, BLANK)
    checks = ("test_schema", "test_faketensor", "test_autograd_registration")
    torch.library.opcheck(torch.ops.phonograph.token_scores, arguments, test_utils=checks)
