from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.modules.tdt_likelihood import tdt_nll, unreachable

JUMPS = st.lists(st.integers(0, 4), min_size=1, max_size=4, unique=True).filter(any)


def lattice(seed, batch, frames, prefixes, choices) -> Any:
    """Draw log-probabilities of blank, next token and durations."""
    draw = torch.Generator().manual_seed(seed)
    scores = torch.randn(batch, frames, prefixes, 3, generator=draw).log_softmax(-1)
    durations = torch.randn(batch, frames, prefixes, choices, generator=draw).log_softmax(-1)
    parts = (scores[..., 0], scores[..., 1], durations)
    return tuple(part.contiguous().requires_grad_() for part in parts)


def paths(jumps, frames, tokens, frame=0, prefix=0) -> Any:
    """Yield every path: a list of (frame, prefix, whether a token, number of the jump)."""
    for number, jump in enumerate(jumps):
        after = frame + jump
        if jump and after == frames and prefix == tokens:
            yield [(frame, prefix, False, number)]
        if jump and after < frames:
            for rest in paths(jumps, frames, tokens, after, prefix):
                yield [(frame, prefix, False, number), *rest]
        if prefix < tokens and after < frames:
            for rest in paths(jumps, frames, tokens, after, prefix + 1):
                yield [(frame, prefix, True, number), *rest]


def nll_of(*arguments) -> Any:
    return tdt_nll(*arguments)


def brute_force(blank, token, durations, found) -> Any:
    """Add up the probabilities of these paths."""
    totals = [
        sum(
            (token if says else blank)[frame, prefix] + durations[frame, prefix, number]
            for frame, prefix, says, number in path
        )
        for path in found
    ]
    return -torch.stack(totals).logsumexp(0)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 999), jumps=JUMPS, frames=st.integers(1, 5), tokens=st.integers(0, 3))
def test_it_is_the_sum_over_all_paths_and_so_is_its_gradient(seed, jumps, frames, tokens):
    # Padded by a frame and a token, which must not count.
    parts = lattice(seed, 2, frames + 1, tokens + 2, len(jumps))
    lengths, target_lengths = torch.tensor([frames, 1]), torch.tensor([tokens, 0])
    nll, unfit = nll_of(*parts, torch.tensor(jumps), lengths, target_lengths)
    every = list(paths(jumps, frames, tokens))
    assert bool(unfit[0]) == (not every)
    assert bool(nll[0].isinf()) == (not every)
    slopes = torch.autograd.grad(nll[0], parts)
    if not every:
        assert not any(slope.any() for slope in slopes)
        return
    expected = brute_force(parts[0][0], parts[1][0], parts[2][0], every)
    torch.testing.assert_close(nll[0], expected)
    wanted = torch.autograd.grad(expected, parts, allow_unused=True)
    for one, other in zip(slopes, wanted, strict=True):
        torch.testing.assert_close(one, torch.zeros_like(one) if other is None else other)


@settings(max_examples=60, deadline=None)
@given(jumps=JUMPS, frames=st.integers(0, 7), tokens=st.integers(0, 4))
def test_unreachable_is_where_there_is_no_path(jumps, frames, tokens):
    assert unreachable(jumps, frames, tokens) == (next(paths(jumps, frames, tokens), None) is None)


def test_an_utterance_costs_the_same_alone_and_in_a_batch():
    parts = lattice(0, 3, 9, 5, 3)
    jumps, lengths, target_lengths = (
        torch.arange(3),
        torch.tensor([9, 4, 6]),
        torch.tensor([4, 2, 0]),
    )
    together, _ = nll_of(*parts, jumps, lengths, target_lengths)
    for row in range(3):
        frames, prefixes = int(lengths[row]), int(target_lengths[row]) + 1
        own = [part[row : row + 1, :frames, :prefixes] for part in parts]
        alone, _ = nll_of(*own, jumps, lengths[row : row + 1], target_lengths[row : row + 1])
        torch.testing.assert_close(alone[0], together[row])


@pytest.mark.parametrize("garbage", [torch.nan, -torch.inf])
def test_what_lies_beyond_an_utterance_does_not_matter(garbage):
    parts = tuple(part.detach() for part in lattice(0, 2, 6, 4, 2))
    sizes = torch.tensor([6, 3]), torch.tensor([3, 1])
    clean, _ = nll_of(*parts, torch.tensor([0, 1]), *sizes)
    for part in parts:
        part[1, 3:], part[1, :, 2:] = garbage, garbage
        part.requires_grad_()
    nll, _ = nll_of(*parts, torch.tensor([0, 1]), *sizes)
    torch.testing.assert_close(nll, clean)
    for slope in torch.autograd.grad(nll.sum(), parts):
        assert bool(slope.isfinite().all())
        assert not slope[1, 3:].any()
        assert not slope[1, :, 2:].any()


def test_a_long_utterance_stays_finite():
    parts = lattice(0, 1, 600, 100, 5)
    nll, _ = nll_of(*parts, torch.arange(5), torch.tensor([600]), torch.tensor([99]))
    assert bool(nll.isfinite().all())
    assert all(slope.isfinite().all() for slope in torch.autograd.grad(nll.sum(), parts))


def test_the_operator_is_registered_as_pytorch_wants_it():
    sizes = torch.tensor([5, 3]), torch.tensor([2, 1])
    arguments = (*lattice(0, 2, 5, 3, 2), torch.tensor([0, 1]), *sizes)
    checks = ("test_schema", "test_faketensor", "test_autograd_registration")
    torch.library.opcheck(torch.ops.phonograph.tdt_forward, arguments, test_utils=checks)
