"""Norms of single utterances count what they say they count."""

import pytest
import torch
from torch import nn

from phonograph.modules.frame_norm import FrameNorm
from phonograph.modules.time_axis import TimeAxis

OTHERS = [FrameNorm("layer"), FrameNorm("instance"), FrameNorm("group", groups=2)]


@pytest.mark.parametrize("norm", OTHERS, ids=lambda norm: norm.kind)
def test_an_utterance_alone_is_normalised_as_by_torch(norm):
    groups = {"layer": 1, "instance": 6, "group": 2}[norm.kind]
    ours, theirs = norm.build(6), nn.GroupNorm(groups, 6)
    weights = {name: torch.randn_like(value) for name, value in theirs.state_dict().items()}
    ours.load_state_dict(weights)
    theirs.load_state_dict(weights)
    frames = torch.randn(1, 6, 1, 9)
    mask = torch.ones(1, 1, 1, 9, dtype=torch.bool)
    torch.testing.assert_close(ours(frames, mask), theirs(frames))


@pytest.mark.parametrize("norm", OTHERS, ids=lambda norm: norm.kind)
def test_padding_does_not_count(norm):
    built = norm.build(6)
    frames, axis = torch.randn(2, 6, 1, 9), TimeAxis.of(torch.tensor([9, 5]), 9)
    alone = built(frames[1:, :, :, :5], axis.mask[1:, :, :, :5])
    torch.testing.assert_close(built(frames, axis.mask)[1:, :, :, :5], alone)
    assert not built.hears_padding


def test_padding_counts_where_it_is_asked_for():
    built = FrameNorm("layer", padding=4).build(6)
    frames, axis = torch.randn(1, 6, 1, 8), TimeAxis.of(torch.tensor([5]), 8)
    torch.testing.assert_close(built(frames, axis.mask), nn.GroupNorm(1, 6)(frames))
    assert built.hears_padding


def test_what_lies_far_from_zero_keeps_its_digits():
    built = FrameNorm("instance", padding=1).build(6)
    frames = 3 + 1e-3 * torch.randn(2, 6, 1, 50)
    beside = frames.contiguous(memory_format=torch.channels_last)
    expected = nn.GroupNorm(6, 6).double()(frames.double()).float()
    found = built(beside, torch.ones(2, 1, 1, 50, dtype=torch.bool))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_batch_is_padded_beyond_its_longest_utterance():
    norm = FrameNorm("layer", padding=16)
    assert [norm.padded(size) for size in (15, 16, 17)] == [16, 32, 32]
    assert FrameNorm("layer").padded(17) == 17


def test_batch_norm_has_the_published_epsilon():
    norm = FrameNorm().build(4)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.eps == 1e-3


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`groups` must be at least 1, not 0$"):
        FrameNorm("group", groups=0)
    with pytest.raises(ValueError, match=r"^`groups`: 4 groups do not divide 6 channels$"):
        FrameNorm("group", groups=4).build(6)
    with pytest.raises(ValueError, match=r"^`padding` must be at least 1, not 0$"):
        FrameNorm("layer", padding=0)
    told = r"^`padding` is for norms of single utterances, not for `batch`$"
    with pytest.raises(ValueError, match=told):
        FrameNorm(padding=16)
