"""Samples are normalised utterance by utterance, whatever the padding."""

import pytest
import torch

from phonograph.collections.asr.waveform_norm import WaveformNorm


def test_every_utterance_gets_mean_0_and_deviation_1():
    audio = 0.3 + 0.01 * torch.randn(2, 900)
    normed = WaveformNorm(16000, epsilon=1e-12)(audio, torch.tensor([900, 500]))
    for row, length in enumerate((900, 500)):
        assert normed[row, :length].mean().abs() < 1e-5
        assert normed[row, :length].std(correction=0) == pytest.approx(1, abs=1e-5)
        assert not normed[row, length:].any()


def test_silence_stays_silence():
    audio = torch.full((2, 5), 0.5)
    assert not WaveformNorm(16000)(audio, torch.tensor([5, 0])).any()


def test_half_precision_does_not_reach_into_it():
    audio = torch.randn(1, 400)
    with torch.autocast("cpu", torch.bfloat16):
        found = WaveformNorm(16000)(audio, torch.tensor([400]))
    assert torch.equal(found, WaveformNorm(16000)(audio, torch.tensor([400])))


def test_an_epsilon_of_zero_is_refused():
    with pytest.raises(ValueError, match=r"^`epsilon` must be above 0, not 0$"):
        WaveformNorm(16000, epsilon=0)
