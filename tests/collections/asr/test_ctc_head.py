from __future__ import annotations

import torch

from phonograph.collections.asr.ctc_head import CtcHead


def test_every_frame_is_scored_by_itself():
    head = CtcHead(feat_in=5, vocab=3)
    frames = torch.randn(2, 5, 7)
    scores = head(frames)
    for t in range(7):
        torch.testing.assert_close(head(frames[:, :, t : t + 1])[:, 0], scores[:, t])


def test_the_scores_are_log_probabilities():
    scores = CtcHead(feat_in=5, vocab=3)(torch.randn(2, 5, 7))
    torch.testing.assert_close(scores.exp().sum(dim=-1), torch.ones(2, 7))


def test_the_scores_are_float32_under_autocast_and_in_a_bfloat16_model():
    head, frames = CtcHead(feat_in=5, vocab=3), torch.randn(2, 5, 7)
    with torch.autocast("cpu", torch.bfloat16):
        assert head(frames).dtype is torch.float32
    scores = head.bfloat16()(frames.bfloat16())
    assert scores.dtype is torch.float32
    torch.testing.assert_close(scores.exp().sum(dim=-1), torch.ones(2, 7))


def test_the_weights_are_called_linear():
    shapes = {name: tuple(p.shape) for name, p in CtcHead(5, 3).named_parameters()}
    assert shapes == {"linear.weight": (4, 5), "linear.bias": (4,)}
