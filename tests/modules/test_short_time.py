"""Utterances are lengthened at their own ends and cut into frames."""

import pytest
import torch
from torch.nn import functional

from phonograph.modules.short_time import fourier_kernels, kernel_power, pad_ends, power_spectrum


@pytest.mark.parametrize("padding", ["reflect", "zero"])
def test_a_padded_batch_is_lengthened_like_each_utterance_alone(padding) -> None:
    lengths = torch.tensor([50, 31, 12])
    audio = torch.randn(3, 50)
    batch = pad_ends(audio, lengths, before=8, after=9, padding=padding)
    assert batch.shape == (3, 67)
    for row, length in enumerate(lengths.tolist()):
        mode = "reflect" if padding == "reflect" else "constant"
        alone = functional.pad(audio[row : row + 1, :length], (8, 9), mode=mode)[0]
        assert torch.equal(batch[row, : length + 17], alone)
        assert not batch[row, length + 17 :].any()


def test_one_sample_is_reflected_as_itself() -> None:
    audio = torch.tensor([[3.0, 9.0]])
    longer = pad_ends(audio, torch.tensor([1]), before=2, after=2, padding="reflect")
    assert longer.tolist() == [[3.0, 3.0, 3.0, 3.0, 3.0, 0.0]]


def test_the_power_spectrum_equals_that_of_torch() -> None:
    audio, window = torch.randn(2, 900), torch.hann_window(400)
    theirs = (
        torch.stft(audio, 400, 160, window=window, center=False, return_complex=True).abs().square()
    )
    ours = power_spectrum(audio, window, hop=160, n_fft=400)
    torch.testing.assert_close(ours.transpose(1, 2), theirs, atol=1e-4, rtol=1e-4)


def test_a_shorter_window_keeps_the_power_of_a_pure_tone() -> None:
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(1600) / 16000).unsqueeze(0)
    power = power_spectrum(tone, torch.hann_window(400), hop=160, n_fft=512)
    assert power.shape == (1, 8, 257)
    assert set(power.argmax(2).flatten().tolist()) == {32}


@pytest.mark.parametrize("samples", [2, 25, 400])
def test_kernels_give_the_same_power_as_the_transform(samples) -> None:
    audio, window = torch.randn(2, 3 * samples), torch.hann_window(samples)
    expected = power_spectrum(audio, window, hop=samples // 2, n_fft=samples)
    found = kernel_power(audio, fourier_kernels(window), hop=samples // 2)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_kernels_are_exact_before_they_are_rounded() -> None:
    window = torch.hann_window(400, dtype=torch.float64)
    turns = torch.arange(201).unsqueeze(1) * torch.arange(400) % 400
    angle = turns.double() * (2 * torch.pi / 400)
    expected = torch.cat([angle.cos() * window, -angle.sin() * window])
    torch.testing.assert_close(fourier_kernels(window), expected, atol=1e-12, rtol=0)
    assert fourier_kernels(torch.hann_window(400)).dtype == torch.float32


@pytest.mark.parametrize("device", ["cpu", *["cuda"] * torch.cuda.is_available()])
def test_a_quiet_tone_is_heard_beside_a_loud_one(device) -> None:
    """Eighty decibel lower: products rounded to ten digits would drown it."""
    time = torch.arange(1600, dtype=torch.float64) / 16000
    loud, quiet = (torch.sin(2 * torch.pi * hertz * time) for hertz in (1000, 3000))
    audio = (loud + 1e-4 * quiet).float().unsqueeze(0).to(device)
    kernels = fourier_kernels(torch.hann_window(400, device=device))
    power = kernel_power(audio, kernels, hop=160)[0]
    decibels = 10 * (power[:, 75] / power[:, 25]).log10()
    torch.testing.assert_close(decibels, torch.full_like(decibels, -80), atol=0.1, rtol=0)
