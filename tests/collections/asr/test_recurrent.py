"""Recurrent layers as a part of a graph; the layers themselves are tested with their own file."""

import math

import pytest
import torch

from phonograph.collections.asr.recurrent import Recurrent


def test_one_direction_never_hears_the_future() -> None:
    recurrent = Recurrent(3, d_model=4, bidirectional=False)
    encoded, lengths = torch.randn(1, 3, 9), torch.tensor([9])
    changed = encoded.clone()
    changed[:, :, 5:] = 0.0
    assert torch.equal(recurrent(encoded, lengths)[:, :, :5], recurrent(changed, lengths)[:, :, :5])
    assert Recurrent.look_ahead(bidirectional=False) == 0
    assert Recurrent.look_ahead(bidirectional=True) == math.inf


def test_frames_beyond_an_utterance_are_zero() -> None:
    recurrent = Recurrent(3, d_model=4, norm="batch")
    out = recurrent(torch.randn(2, 3, 9), torch.tensor([9, 4]))
    assert out[1, :, :4].abs().min() > 0
    assert not out[1, :, 4:].any()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`feat_in` must be at least 1, not 0$"):
        Recurrent(0)
    told = r"^`dropout` must be at least 0 and below 1, not 1.0$"
    with pytest.raises(ValueError, match=told):
        Recurrent(3, dropout=1.0)
