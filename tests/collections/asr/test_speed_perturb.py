"""Utterances get other speeds in training, exact lengths, and hear no padding."""

import math

import pytest
import torch

from phonograph.collections.asr.speed_perturb import SpeedPerturb


def test_evaluation_changes_nothing():
    audio, lengths = torch.randn(2, 100), torch.tensor([100, 50])
    given, same = SpeedPerturb(16000).eval()(audio, lengths)
    assert given is audio
    assert same is lengths


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.1, 0.95])
def test_lengths_are_exact_and_a_tone_gets_higher_by_the_factor(factor):
    seconds = torch.arange(16000, dtype=torch.float64) / 16000
    tone = torch.sin(2 * math.pi * 1000 * seconds).float().unsqueeze(0)
    given, lengths = SpeedPerturb(16000, factors=[factor])(tone, torch.tensor([16000]))
    assert lengths.tolist() == [-(-16000 * 100 // round(factor * 100))]
    assert given.shape == (1, int(lengths))
    count = torch.arange(int(lengths), dtype=torch.float64)
    wanted = torch.sin(2 * math.pi * 1000 * factor * count / 16000).float()
    torch.testing.assert_close(given[0, 500:-500], wanted[500:-500], atol=1e-3, rtol=0)


def test_padding_is_never_heard_and_stays_silent():
    audio = torch.randn(2, 3000)
    padded = audio.clone()
    padded[1, 2000:] = float("nan")
    given, lengths = SpeedPerturb(16000, factors=[0.9])(padded, torch.tensor([3000, 2000]))
    alone, _ = SpeedPerturb(16000, factors=[0.9])(audio[1:, :2000], torch.tensor([2000]))
    torch.testing.assert_close(given[1, : int(lengths[1])], alone[0])
    assert not given[1, int(lengths[1]) :].any()


def test_the_global_generator_decides_and_every_factor_is_drawn():
    audio, lengths = torch.randn(60, 110), torch.full((60,), 110)
    torch.manual_seed(1)
    first = SpeedPerturb(16000)(audio, lengths)[1]
    torch.manual_seed(1)
    assert torch.equal(SpeedPerturb(16000)(audio, lengths)[1], first)
    assert set(first.tolist()) == {123, 110, 100}


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        ([], "`factors` must have at least one speed"),
        ([0.4], "`factors` must be from 0.5 to 2, not 0.4"),
        ([1.001], "`factors` must have at most two decimals, not 1.001"),
    ],
)
def test_factors_out_of_range_are_refused(factors, said):
    with pytest.raises(ValueError) as told:  # noqa: PT011
        SpeedPerturb(16000, factors=factors)
    assert str(told.value) == said
