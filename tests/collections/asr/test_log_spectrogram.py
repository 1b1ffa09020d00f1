"""Log-power spectra are those of torchaudio and of PyTorch's own transform."""

import math

import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections.asr.log_spectrogram import LogSpectrogram
from phonograph.modules.feature_scale import FixedScale


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


@settings(deadline=None)
@given(
    rate=st.sampled_from([8000, 16000, 22050]),
    bins=st.integers(20, 300),
    share=st.floats(0.3, 1),
    hop=st.integers(20, 300),
    samples=st.lists(st.integers(1, 3000), min_size=1, max_size=3),
)
def test_any_settings_give_those_of_torchaudio(rate, bins, share, hop, samples):
    n_fft = 2 * (bins - 1)
    window = n_fft - 2 * round((1 - share) * n_fft / 2)
    theirs = torchaudio.transforms.Spectrogram(
        n_fft, win_length=window, hop_length=hop, pad_mode="constant"
    )
    ours = LogSpectrogram(rate, bins=bins, window=window / rate, hop=hop / rate, normalize="none")
    audio, lengths = torch.randn(len(samples), max(samples)), torch.tensor(samples)
    found, frames = ours(audio, lengths)
    for row, (length, count) in enumerate(zip(samples, frames.tolist(), strict=True)):
        expected = theirs(audio[row, :length])
        assert count == expected.shape[1]
        # powers: next to zero, float32 has no digits of a logarithm
        power = found[row, :, :count].exp()
        torch.testing.assert_close(power, expected, atol=1e-3, rtol=1e-3)
        assert not found[row, :, count:].any()


@pytest.mark.parametrize(("normalize", "over"), [("per_feature", (1,)), ("all_features", (0, 1))])
def test_normalisation_hears_valid_frames_alone(normalize, over):
    audio, lengths = torch.randn(2, 8000), torch.tensor([8000, 3000])
    audio[1, 3000:] = 7.0
    features, frames = LogSpectrogram(16000, normalize=normalize)(audio, lengths)
    for row, count in enumerate(frames.tolist()):
        valid = features[row, :, :count]
        torch.testing.assert_close(valid.mean(over), 0 * valid.mean(over), atol=1e-4, rtol=0)
        deviation = valid.std(over)
        torch.testing.assert_close(deviation, torch.ones_like(deviation), atol=1e-3, rtol=0)


def test_fixed_statistics_are_taken_off_each_bin():
    audio, lengths = torch.randn(1, 8000), torch.tensor([8000])
    fixed = FixedScale((2.0,) * 161, (4.0,) * 161)
    plain = LogSpectrogram(16000, normalize="none")(audio, lengths)[0]
    scaled = LogSpectrogram(16000, normalize=fixed)(audio, lengths)[0]
    torch.testing.assert_close(scaled, (plain - 2) / 4)


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
