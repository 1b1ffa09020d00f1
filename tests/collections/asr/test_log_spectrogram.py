"""Log-power spectra are those of PyTorch's own transform."""

import math

import pytest
import torch

from phonograph.collections.asr.log_spectrogram import LogSpectrogram


def test_frames_are_those_of_a_centred_transform():
    front = LogSpectrogram(16000, normalize="none")
    audio = torch.randn(2, 4000) / 10
    features, lengths = front(audio, torch.tensor([4000, 4000]))
    spectrum = torch.stft(
        audio,
        320,
        160,
        window=torch.hann_window(320),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    torch.testing.assert_close(features, spectrum.abs().square().clamp(min=1e-10).log())
    assert lengths.tolist() == [26, 26]


def test_a_tone_is_loudest_at_its_own_frequency():
    front = LogSpectrogram(8000, bins=129, window=0.025, normalize="none")
    time = torch.arange(8000) / 8000
    features, _ = front(torch.sin(2 * math.pi * 1000 * time).unsqueeze(0), torch.tensor([8000]))
    assert features[0, :, 50].argmax() == 1000 * 256 // 8000


def test_normalised_bins_have_mean_0_and_deviation_1():
    features, lengths = LogSpectrogram(16000)(torch.randn(1, 8000), torch.tensor([8000]))
    valid = features[0, :, : lengths[0]]
    torch.testing.assert_close(valid.mean(1), torch.zeros(161), atol=1e-4, rtol=0)
    torch.testing.assert_close(valid.std(1), torch.ones(161), atol=1e-3, rtol=0)


def test_too_few_bins_for_the_window_are_refused():
    told = r"^`bins` must be at least 161 for 320 samples, not 100$"
    with pytest.raises(ValueError, match=told):
        LogSpectrogram(16000, bins=100)
