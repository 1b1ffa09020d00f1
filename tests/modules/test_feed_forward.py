"""The feed-forward part sees one step at a time."""

import torch

from phonograph.modules.feed_forward import FeedForward


def test_a_step_does_not_depend_on_its_neighbours():
    part = FeedForward(6, expansion=2).eval()
    x = torch.randn(2, 5, 6)
    torch.testing.assert_close(part(x)[:, 3:4], part(x[:, 3:4]))


def test_dropout_acts_in_training_only():
    part = FeedForward(6, dropout=0.5)
    x = torch.randn(1, 4, 6)
    assert not torch.equal(part(x), part(x))
    part.eval()
    assert torch.equal(part(x), part(x))
