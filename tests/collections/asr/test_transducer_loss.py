"""What holds of both transducer losses."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torchaudio.functional import rnnt_loss

from phonograph.collections.asr.tdt_loss import TdtLoss
from phonograph.collections.asr.transducer_loss import TransducerLoss, mean_cost

VOCAB = 3


def batch(seed=0, batch=4, frames=8, longest=5) -> Any:
    """Draw scores of tokens and durations, lengths, targets and target lengths."""
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, frames, longest + 1, VOCAB + 1, generator=draw)
    durations = torch.randn(batch, frames, longest + 1, 3, generator=draw)
    lengths = torch.randint(1, frames + 1, (batch,), generator=draw)
    targets = torch.randint(0, VOCAB, (batch, longest), generator=draw)
    target_lengths = torch.randint(0, longest + 1, (batch,), generator=draw)
    return logits, durations, lengths, targets, target_lengths


def plain(logits, _, *rest):
    return TransducerLoss(VOCAB)(logits, *rest)


def tdt(logits, durations, *rest):
    return TdtLoss(VOCAB, sigma=0.05)(logits, durations, torch.tensor([0, 1, 2]), *rest)


def mixed(logits, durations, *rest):
    return TdtLoss(VOCAB, omega=0.3)(logits, durations, torch.tensor([0, 1, 2]), *rest)


@pytest.fixture(params=[plain, tdt, mixed])
def loss_of(request):
    return request.param


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_costs_the_mean_of_its_utterances(loss_of, seed):
    tensors = batch(seed)
    loss, rejected = loss_of(*tensors)
    singles = [loss_of(*(tensor[row : row + 1] for tensor in tensors))[0] for row in range(4)]
    assert not rejected.any()
    torch.testing.assert_close(loss, torch.stack(singles).mean())


def test_an_utterance_without_frames_is_rejected(loss_of):
    logits, durations, lengths, *rest = batch()
    logits.requires_grad_()
    lengths[2] = 0
    loss, rejected = loss_of(logits, durations, lengths, *rest)
    assert rejected.tolist() == [False, False, True, False]
    (slope,) = torch.autograd.grad(loss, logits)
    assert slope.flatten(1).any(1).tolist() == [True, True, False, True]
    kept = [0, 1, 3]
    tensors = (logits, durations, lengths, *rest)
    torch.testing.assert_close(loss, loss_of(*(tensor[kept] for tensor in tensors))[0])


def test_when_all_are_rejected_the_loss_is_zero_and_so_is_its_gradient(loss_of):
    logits, durations, lengths, *rest = batch()
    logits.requires_grad_()
    loss, rejected = loss_of(logits, durations, 0 * lengths, *rest)
    (slope,) = torch.autograd.grad(loss, logits)
    assert rejected.all()
    assert loss.item() == 0
    assert not slope.any()


def test_a_broken_rejected_utterance_spoils_nothing(loss_of):
    logits, durations, lengths, *rest = batch()
    lengths[1] = 0
    logits[1], durations[1] = torch.nan, torch.nan
    logits.requires_grad_()
    loss, _ = loss_of(logits, durations, lengths, *rest)
    (slope,) = torch.autograd.grad(loss, logits)
    assert loss.isfinite()
    assert bool(slope.isfinite().all())


def test_a_broken_accepted_utterance_is_not_hidden(loss_of):
    logits, *rest = batch()
    logits[1] = torch.nan
    assert loss_of(logits, *rest)[0].isnan()


def test_it_is_float32_under_autocast_and_for_bfloat16_input(loss_of):
    logits, durations, *rest = batch()
    half = logits.bfloat16(), durations.bfloat16()
    exact, _ = loss_of(*(part.float() for part in half), *rest)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(loss_of(*half, *rest)[0], exact)
    assert exact.dtype is torch.float32


def test_it_compiles_whole_with_its_gradient(loss_of):
    tensors = batch(5)
    weight = torch.ones(VOCAB + 1, requires_grad=True)

    class Model(nn.Module):
        def forward(self, logits, *rest):
            return loss_of(logits * weight, *rest)

    # aot_eager traces forward and backward as every backend does, and calls no C++ compiler.
    compiled = torch.compile(Model(), fullgraph=True, dynamic=True, backend="aot_eager")
    results = [run(*tensors)[0] for run in (Model(), compiled)]
    torch.testing.assert_close(*results)
    torch.testing.assert_close(*(torch.autograd.grad(loss, weight)[0] for loss in results))


def test_the_transducer_loss_is_torchaudios_per_token():
    logits, _, lengths, targets, target_lengths = batch(1)
    lengths[0], target_lengths[0] = 8, 5
    nll = rnnt_loss(
        logits, targets.int(), lengths.int(), target_lengths.int(), VOCAB, reduction="none"
    )
    found, _ = plain(logits, None, lengths, targets, target_lengths)
    torch.testing.assert_close(found, (nll / target_lengths.clamp(min=1)).mean())


def test_sigma_makes_every_step_dearer():
    # Even durations of 1 alone: every path has as many blanks as frames, less its tokens.
    logits, durations = torch.zeros(1, 4, 3, VOCAB + 1), torch.zeros(1, 4, 3, 1)
    rest = torch.ones(1).long(), torch.tensor([4]), torch.tensor([[0, 1]]), torch.tensor([2])
    plain_loss, _ = TdtLoss(VOCAB)(logits, durations, *rest)
    dearer, _ = TdtLoss(VOCAB, sigma=0.5)(logits, durations, *rest)
    torch.testing.assert_close(dearer - plain_loss, torch.tensor(4 * 0.5 / 2))


def test_omega_mixes_in_the_plain_transducer():
    logits, durations, *rest = batch(2)
    parts = [loss(logits, durations, *rest)[0] for loss in (plain, mixed)]
    jumps = torch.tensor([0, 1, 2])
    alone = TdtLoss(VOCAB)(logits, durations, jumps, *rest)[0]
    torch.testing.assert_close(parts[1], 0.7 * alone + 0.3 * parts[0])


def test_evaluation_is_without_omega():
    logits, durations, *rest = batch(2)
    jumps = torch.tensor([0, 1, 2])
    found = [
        loss.eval()(logits, durations, jumps, *rest)[0]
        for loss in (TdtLoss(3), TdtLoss(3, omega=0.5))
    ]
    torch.testing.assert_close(*found)


def test_a_transcript_too_long_for_its_durations_is_rejected():
    logits, durations, _, targets, _ = batch()
    jumps, lengths = torch.tensor([1, 2, 3]), torch.tensor([8, 5, 6, 1])
    _, rejected = TdtLoss(VOCAB)(logits, durations, jumps, lengths, targets, torch.full((4,), 5))
    assert rejected.tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TdtLoss(3, sigma=-0.1), "`sigma` must be at least 0, not -0.1"),
        (lambda: TdtLoss(3, omega=1.5), "`omega` must be from 0 to 1, not 1.5"),
    ],
)
def test_numbers_out_of_range_are_refused(build, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        build()


def test_a_token_that_is_none_is_an_error(loss_of):
    logits, durations, lengths, targets, _ = batch()
    targets[0, 0] = VOCAB
    with pytest.raises(ValueError, match=r"^a target is the blank or not in the vocabulary$"):
        loss_of(logits, durations, lengths, targets, torch.full((4,), 5))


def test_the_mean_over_nothing_is_zero():
    one = torch.ones(2)
    assert mean_cost(one * torch.inf, one.long(), one.bool()).item() == 0
