"""Learnt filters stand where they say."""

import pytest
import torch

from phonograph.collections.asr.learned_filters import LearnedFilters


def test_a_frame_hears_its_window_and_nothing_else():
    front = LearnedFilters(100, filters=1, window=0.06, hop=0.03)  # 6 taps, 3 samples
    with torch.no_grad():
        front.conv.weight.fill_(1.0)
        front.get_parameter("conv.bias").zero_()
    heard = []
    for sample in range(9):
        audio = torch.zeros(1, 9)
        audio[0, sample] = 1.0
        features, lengths = front(audio, torch.tensor([9]))
        heard.append(features[0, 0].nonzero().flatten().tolist())
    assert lengths.tolist() == [3]
    assert heard == [[0], [0], [0, 1], [0, 1], [0, 1], [1, 2], [1, 2], [1, 2], [2]]
    assert LearnedFilters.look_ahead(100, 0.06, 0.03) == 4


def test_a_window_shorter_than_the_hop_is_refused():
    told = r"^`window` must be at least as long as `hop`, not 0.005 s$"
    with pytest.raises(ValueError, match=told):
        LearnedFilters(16000, window=0.005)
