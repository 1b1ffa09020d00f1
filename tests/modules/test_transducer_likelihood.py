from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchaudio.functional import rnnt_loss

from phonograph.modules.token_scores import token_scores
from phonograph.modules.transducer_likelihood import transducer_nll


def lattice(seed, batch, frames, prefixes) -> Any:
    """Draw log-probabilities of blank and next token."""
    draw = torch.Generator().manual_seed(seed)
    scores = torch.randn(batch, frames, prefixes, 3, generator=draw).log_softmax(-1)
    return tuple(scores[..., entry].contiguous().requires_grad_() for entry in (0, 1))


def brute_force(blank, token) -> Any:
    """Add up all paths of one utterance without padding: every order of its steps."""
    frames, prefixes = blank.shape
    steps = frames - 1 + prefixes - 1
    paths = []
    for tokens_at in combinations(range(steps), prefixes - 1):
        frame = prefix = 0
        log_prob = torch.zeros(())
        for step in range(steps):
            if step in tokens_at:
                log_prob, prefix = log_prob + token[frame, prefix], prefix + 1
            else:
                log_prob, frame = log_prob + blank[frame, prefix], frame + 1
        paths.append(log_prob + blank[frame, prefix])
    return -torch.stack(paths).logsumexp(0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), frames=st.integers(1, 5), tokens=st.integers(0, 4))
def test_it_is_the_sum_over_all_paths_and_so_is_its_gradient(seed, frames, tokens):
    # Padded by a frame and a token, which must not count.
    blank, token = lattice(seed, 2, frames + 1, tokens + 2)
    lengths, target_lengths = torch.tensor([frames, 1]), torch.tensor([tokens, tokens + 1])
    found = transducer_nll(blank, token, lengths, target_lengths)[0]
    expected = brute_force(blank[0, :frames, : tokens + 1], token[0, :frames, : tokens + 1])
    torch.testing.assert_close(found, expected)
    slopes = [torch.autograd.grad(y, (blank, token), allow_unused=True) for y in (found, expected)]
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, torch.zeros_like(one) if other is None else other)


@pytest.mark.parametrize("seed", range(5))
def test_with_token_scores_it_agrees_with_torchaudio(seed):
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(4, 9, 6, 7, generator=draw, requires_grad=True)
    targets = torch.randint(0, 6, (4, 5), generator=draw)
    lengths = torch.randint(1, 10, (4,), generator=draw).index_fill(0, torch.tensor([1]), 9)
    target_lengths = torch.randint(0, 6, (4,), generator=draw).index_fill(0, torch.tensor([2]), 5)
    scores = token_scores(logits, targets, target_lengths, 6)
    found = transducer_nll(*scores, lengths, target_lengths)
    expected = rnnt_loss(
        logits, targets.int(), lengths.int(), target_lengths.int(), 6, reduction="none"
    )
    torch.testing.assert_close(found, expected)
    slopes = [torch.autograd.grad(y.sum(), logits)[0] for y in (found, expected)]
    torch.testing.assert_close(*slopes, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("garbage", [torch.nan, -torch.inf])
def test_an_unused_utterance_has_no_gradient_even_where_it_is_not_finite(garbage):
    blank, token = (part.detach() for part in lattice(0, 3, 4, 3))
    blank[1] = garbage
    blank.requires_grad_()
    nll = transducer_nll(blank, token, torch.tensor([4, 4, 2]), torch.tensor([2, 1, 0]))
    (slope,) = torch.autograd.grad(nll[[0, 2]].sum(), blank)
    assert not slope[1].any()
    assert bool(slope.isfinite().all())


def test_a_batch_of_empty_targets_costs_the_blanks():
    blank, token = lattice(0, 2, 4, 1)
    found = transducer_nll(blank, token, torch.tensor([4, 4]), torch.tensor([0, 0]))
    torch.testing.assert_close(found, -blank[:, :, 0].sum(1))


def test_the_operator_is_registered_as_pytorch_wants_it():
    arguments = (*lattice(0, 2, 4, 3), torch.tensor([4, 3]), torch.tensor([2, 1]))
    checks = ("test_schema", "test_faketensor", "test_autograd_registration")
    torch.library.opcheck(torch.ops.phonograph.transducer_forward, arguments, test_utils=checks)
