"""Frames come out of a stream as soon as their windows have been heard."""

import pytest
import torch

from phonograph.collections.asr.log_mel import LogMel
from phonograph.collections.asr.log_spectrogram import LogSpectrogram


@pytest.mark.parametrize(
    "module",
    [
        LogMel(8000, n_mels=4, normalize="none"),
        LogSpectrogram(8000, bins=101, window=0.025, normalize="none"),
    ],
)
def test_a_frame_comes_out_with_the_last_sample_of_its_window(module):
    audio, state, when = torch.randn(1, 400), module.start(1), []
    for sample in range(400):
        given, state = module.step(audio[:, sample : sample + 1], state)
        when += [sample] * given.shape[2]
    assert when == [frame * 80 + 99 for frame in range(4)]


def test_a_log_spectrum_in_bits_is_that_of_the_whole():
    module = LogSpectrogram(8000, bins=81, normalize="none")
    audio, state = torch.randn(2, 1234), module.start(2)
    parts = []
    for bit in audio.split(111, 1):
        given, state = module.step(bit, state)
        parts.append(given)
    parts.append(module.finish(state))
    whole, _ = module(audio, torch.tensor([1234, 1234]))
    torch.testing.assert_close(torch.cat(parts, 2), whole, rtol=1e-4, atol=1e-4)
