"""Each utterance gets a level of its own in training, within the range asked for."""

import math

import pytest
import torch

from phonograph.collections.asr.gain import Gain


def test_evaluation_changes_nothing():
    audio = torch.randn(2, 100)
    assert Gain(16000).eval()(audio, torch.tensor([100, 50])) is audio


def test_levels_are_spread_over_the_range_and_constant_in_an_utterance():
    given = Gain(16000, decibels=[-6, 3])(torch.ones(500, 3), torch.full((500,), 3))
    levels = 20 * given.log10()
    torch.testing.assert_close(levels[:, 0], levels[:, 2])
    assert -6.001 <= float(levels.min()) < -5.5
    assert 2.5 < float(levels.max()) <= 3.001


@pytest.mark.parametrize("decibels", [[1], [3, -3], [0, math.inf], [math.nan, 0]])
def test_anything_but_a_finite_range_is_refused(decibels):
    with pytest.raises(ValueError) as told:  # noqa: PT011
        Gain(16000, decibels=decibels)
    assert str(told.value) == f"`decibels` must be two numbers, the lower first, not {decibels}"
