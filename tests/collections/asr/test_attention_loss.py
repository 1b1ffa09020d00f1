"""The attention loss is the cross-entropy of tokens and end, utterance by utterance."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.attention_loss import AttentionLoss


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=4),
    st.sampled_from([0.0, 0.1]),
    st.integers(0, 99),
)
def test_it_is_the_mean_over_utterances_of_the_mean_over_their_tokens(lengths, smoothing, seed):
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(0, 3, (len(lengths), 7), generator=generator)
    logits = torch.randn(len(lengths), 8, 4, generator=generator)
    costs = []
    for row, length in enumerate(lengths):
        wanted = [*targets[row, :length].tolist(), 3]
        log_probs = logits[row, : length + 1].log_softmax(1)
        hit = torch.stack([log_probs[place, token] for place, token in enumerate(wanted)])
        cost = -(1 - smoothing) * hit - smoothing * log_probs.mean(1)
        costs.append(cost.mean())
    found = AttentionLoss(3, smoothing=smoothing)(logits, targets, torch.tensor(lengths))
    torch.testing.assert_close(found, torch.stack(costs).mean())


def test_scores_after_the_end_have_no_gradient():
    logits = torch.randn(1, 5, 4, requires_grad=True)
    AttentionLoss(3)(logits, torch.zeros(1, 4).long(), torch.tensor([2])).backward()
    assert logits.grad is not None
    assert logits.grad[0, :3].abs().sum(1).min() > 0
    assert not logits.grad[0, 3:].any()


def test_half_precision_scores_give_a_float32_loss():
    loss = AttentionLoss(3)(
        torch.zeros(1, 1, 4).bfloat16(), torch.zeros(1, 0).long(), torch.tensor([0])
    )
    assert loss.dtype is torch.float32
    assert loss.item() == pytest.approx(math.log(4))


def test_smoothing_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^`smoothing` must be at least 0 and below 1, not 1.0$"):
        AttentionLoss(3, smoothing=1.0)
