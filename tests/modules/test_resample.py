from __future__ import annotations

import math
import re

import numpy as np
import pytest
import soxr
import torch
from torch import Tensor

from phonograph.modules.resample import Resample

RATES = [(16000, 8000), (8000, 16000), (44100, 16000), (16000, 11025), (48000, 16000)]


def tone(frequency: float, rate: int, seconds: float = 0.48) -> Tensor:
    samples = torch.arange(round(rate * seconds), dtype=torch.float64)
    return (0.5 * torch.sin(2 * math.pi * frequency * samples / rate)).float()


def resampled(audio: Tensor, rate: int, other: int) -> Tensor:
    given, lengths = Resample(rate, other)(audio[None], torch.tensor([len(audio)]))
    assert lengths.tolist() == [math.ceil(len(audio) * other / rate)]
    return given[0, : int(lengths[0])]


def middle(x: Tensor) -> Tensor:
    return x[len(x) // 4 : -(len(x) // 4)]


def decibels(x: Tensor) -> float:
    return 20 * math.log10(float(x.double().square().mean().sqrt()) + 1e-30)


@pytest.mark.parametrize(("rate", "other"), RATES)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.89])
def test_a_tone_that_both_rates_can_carry_survives(rate, other, share):
    frequency = share * min(rate, other) / 2
    found = resampled(tone(frequency, rate), rate, other)
    error = middle(found) - middle(tone(frequency, other)[: len(found)])
    assert decibels(error) < decibels(middle(found)) - 95


@pytest.mark.parametrize(("rate", "other"), [pair for pair in RATES if pair[0] > pair[1]])
@pytest.mark.parametrize("above", [1.005, 1.1, 1.3])
def test_an_alias_is_rejected_by_100_decibels(rate, other, above):
    audio = tone(above * other / 2, rate)
    assert decibels(middle(resampled(audio, rate, other))) < decibels(audio) - 100


@pytest.mark.parametrize(("rate", "other"), RATES)
def test_noise_that_both_can_carry_comes_out_as_with_soxr(rate, other):
    noise = np.random.default_rng(0).standard_normal(rate // 2) / 10
    spectrum = np.fft.rfft(noise)
    spectrum[np.fft.rfftfreq(len(noise), 1 / rate) > 0.85 * min(rate, other) / 2] = 0
    noise = np.fft.irfft(spectrum, len(noise))
    expected = torch.from_numpy(soxr.resample(noise, rate, other, quality="VHQ")).float()
    found = middle(resampled(torch.from_numpy(noise).float(), rate, other))
    error = found - middle(expected)[: len(found)]
    assert decibels(error) < decibels(found) - 55  # soxr rounds the delay of odd ratios


@pytest.mark.parametrize(("rate", "other"), [(16000, 48000), (8000, 11025)])
def test_up_and_down_again_gives_what_was_there(rate, other):
    audio = sum((tone(f, rate) for f in (100, 900, 3000)), torch.zeros(()))
    back = resampled(resampled(audio, rate, other), other, rate)
    assert decibels(middle(back[: len(audio)] - audio)) < decibels(audio) - 95


def test_the_same_rate_changes_nothing():
    audio = torch.randn(1, 300)
    given, lengths = Resample(8000, 8000)(audio, torch.tensor([300]))
    torch.testing.assert_close(given, audio)
    assert lengths.tolist() == [300]


def test_the_gradient_is_that_of_the_same_filter():
    audio = torch.randn(1, 400, dtype=torch.float32, requires_grad=True)
    resample, lengths = Resample(16000, 12000), torch.tensor([400])
    weights = torch.randn(1, 300)
    (resample(audio, lengths)[0][:, :300] * weights).sum().backward()
    assert audio.grad is not None
    step = torch.randn(1, 400)
    slope = (resample(step, lengths)[0][:, :300] * weights).sum()  # the filter is linear
    torch.testing.assert_close((audio.grad * step).sum(), slope, rtol=1e-4, atol=1e-4)


def test_the_filter_is_no_part_of_a_checkpoint():
    assert Resample(16000, 8000).state_dict() == {}


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ((0, 8000), "`sample_rate` must be at least 1, not 0"),
        ((8000, 0), "`rate` must be at least 1, not 0"),
        ((16000, 16001), "`rate` is no simple share of 16000: it is 16001/16000 of it"),
    ],
)
def test_rates_that_cannot_be_are_refused(rates, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Resample(*rates)


def test_only_whole_shares_of_a_rate_can_stream():
    assert Resample(48000, 16000).no_stream is None
    with pytest.raises(ValueError, match=re.escape("it gives 160 samples for every 441")):
        Resample(44100, 16000).start(1)
