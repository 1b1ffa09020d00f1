"""Convolutions over frequency and time: sizes, padding, pooling."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.modules.frequency_convs import (
    FrequencyConv,
    FrequencyConvs,
    frames_ahead,
    frames_per_frame,
)

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
ODD = st.sampled_from([1, 3, 5])
LAYERS = st.lists(
    st.builds(FrequencyConv, st.integers(1, 3), st.tuples(ODD, ODD), PAIRS, PAIRS), max_size=2
)


@settings(max_examples=40)
@given(LAYERS, st.lists(st.integers(1, 20), min_size=1, max_size=3))
def test_an_utterance_gives_the_same_alone_and_in_a_batch(layers, lengths):
    convs = FrequencyConvs(7, layers).eval()
    features = torch.randn(len(lengths), 7, max(lengths) + 3)
    batch, left = convs(features, torch.tensor(lengths))
    stride = frames_per_frame(layers)
    assert left.tolist() == [-(-length // stride) for length in lengths]
    assert batch.shape == (len(lengths), convs.width, -(-features.shape[2] // stride))
    for row, length in enumerate(lengths):
        alone, _ = convs(features[row : row + 1, :, :length], torch.tensor([length]))
        torch.testing.assert_close(batch[row, :, : left[row]], alone[0])
        assert not batch[row, :, left[row] :].any()


def test_the_front_of_deep_speech_2_gives_1312_values_a_frame():
    layers = [FrequencyConv(32, (41, 11), (2, 2)), FrequencyConv(32, (21, 11), (2, 1))]
    assert FrequencyConvs(161, layers).width == 32 * 41
    assert frames_ahead(layers) == 5 + 2 * 5


def test_pooling_keeps_the_largest():
    convs = FrequencyConvs(2, [FrequencyConv(1, (1, 1), pool=(2, 2))]).eval()
    with torch.no_grad():
        convs.get_parameter("layers.0.conv.weight").fill_(1.0)
        convs.get_parameter("layers.0.conv.bias").zero_()
    features = torch.tensor([[[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]]])
    frames, lengths = convs(features, torch.tensor([3]))
    torch.testing.assert_close(frames, torch.tensor([[[4.0, 3.0]]]), atol=1e-4, rtol=0)
    assert lengths.tolist() == [2]


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`kernel` must have odd numbers, not \[4, 3\]$"):
        FrequencyConv(8, (4, 3))
    with pytest.raises(ValueError, match=r"^`stride` must be at least 1, not 0$"):
        FrequencyConv(8, (3, 3), (0, 1))
    with pytest.raises(ValueError, match=r"^`filters` must be at least 1, not 0$"):
        FrequencyConv(0, (3, 3))
