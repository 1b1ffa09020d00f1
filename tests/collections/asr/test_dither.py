"""Noise is heard in training, nowhere else, and no louder than asked for."""

import pytest
import torch

from phonograph.collections.asr.dither import Dither


def test_evaluation_changes_nothing():
    audio = torch.randn(2, 100)
    assert Dither(16000, amount=1.0).eval()(audio, torch.tensor([100, 50])) is audio


def test_training_adds_white_noise_of_the_amount():
    noise = Dither(16000, amount=0.5)(torch.zeros(1, 20000), torch.tensor([20000]))
    assert float(noise.std()) == pytest.approx(0.5, rel=0.03)
    assert float((noise[:, 1:] * noise[:, :-1]).mean()) == pytest.approx(0, abs=0.01)


def test_the_amount_cannot_be_negative():
    with pytest.raises(ValueError, match=r"^`amount` must be at least 0, not -1$"):
        Dither(16000, amount=-1)
