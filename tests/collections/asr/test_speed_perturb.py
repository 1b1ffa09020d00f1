"""Utterances get other speeds in training, exact lengths, and hear no padding."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.collections.asr.speed_perturb import SpeedPerturb


def test_evaluation_changes_nothing():
    audio, lengths = torch.randn(2, 100), torch.tensor([100, 50])
    played, same = SpeedPerturb(16000).eval()(audio, lengths)
    assert played is audio
    assert same is lengths


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.1, 0.95])
def test_lengths_are_exact_and_a_tone_gets_higher_by_the_factor(factor):
    seconds = torch.arange(16000, dtype=torch.float64) / 16000
    tone = torch.sin(2 * math.pi * 1000 * seconds).float().unsqueeze(0)
    played, lengths = SpeedPerturb(16000, factors=[factor])(tone, torch.tensor([16000]))
    assert lengths.tolist() == [-(-16000 * 100 // round(factor * 100))]
    assert played.shape == (1, int(lengths))
    count = torch.arange(int(lengths), dtype=torch.float64)
    wanted = torch.sin(2 * math.pi * 1000 * factor * count / 16000).float()
    torch.testing.assert_close(played[0, 500:-500], wanted[500:-500], atol=1e-3, rtol=0)


def test_padding_is_never_heard_and_stays_silent():
    audio = torch.randn(2, 3000)
    padded = audio.clone()
    padded[1, 2000:] = float("nan")
    played, lengths = SpeedPerturb(16000, factors=[0.9])(padded, torch.tensor([3000, 2000]))
    alone, _ = SpeedPerturb(16000, factors=[0.9])(audio[1:, :2000], torch.tensor([2000]))
    torch.testing.assert_close(played[1, : int(lengths[1])], alone[0])
    assert not played[1, int(lengths[1]) :].any()


def test_the_global_generator_decides_and_every_factor_is_drawn():
    audio, lengths = torch.randn(60, 110), torch.full((60,), 110)
    torch.manual_seed(1)
    first = SpeedPerturb(16000)(audio, lengths)[1]
    torch.manual_seed(1)
    assert torch.equal(SpeedPerturb(16000)(audio, lengths)[1], first)
    assert set(first.tolist()) == {123, 110, 100}


@given(
    lengths=st.lists(st.integers(0, 400), min_size=1, max_size=6),
    factors=st.lists(st.sampled_from([0.9, 1.0, 1.1, 0.75]), min_size=1, max_size=3),
    seed=st.integers(0, 9),
)
def test_utterances_of_a_batch_sound_as_each_alone(lengths, factors, seed):
    perturb, batch = SpeedPerturb(16000, factors=factors), torch.tensor(lengths)
    torch.manual_seed(seed)
    audio = torch.randn(len(lengths), max(*lengths, 1))
    torch.manual_seed(seed)
    together, shorter = perturb(audio, batch)
    torch.manual_seed(seed)
    drawn = torch.randint(len(factors), (len(lengths),)).tolist()
    assert together.shape[1] == shorter.max()
    for row, (length, choice) in enumerate(zip(lengths, drawn, strict=True)):
        one = SpeedPerturb(16000, factors=[factors[choice]])
        sound, samples = one(audio[row : row + 1, : max(length, 1)], batch[row : row + 1])
        assert samples.tolist() == [int(shorter[row])]
        torch.testing.assert_close(together[row, : sound.shape[1]], sound[0], atol=1e-5, rtol=1e-5)
        assert not together[row, sound.shape[1] :].any()


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
