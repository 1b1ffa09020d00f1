"""What samples are in numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.preflight.sound import measure


@given(st.integers(0, 40), st.floats(-0.5, 0.5))
def test_the_share_of_clipped_samples_and_the_mean_are_exact(clipped, mean):
    samples = np.full(100, mean, np.float32)
    samples[:clipped] = 1.0
    sound = measure(samples, 16000, 16000)
    assert sound.clipped == (clipped / 100 if clipped >= 3 else 0)
    assert sound.mean == pytest.approx(samples.mean(), abs=1e-6)


def test_equal_samples_have_equal_digests_whatever_they_are_part_of(tone):
    whole = tone(2.0)
    one = measure(whole[100:500], 16000, 16000)
    assert one.digest == measure(whole[100:500].copy(), 16000, 16000).digest
    assert one.digest != measure(whole[101:501], 16000, 16000).digest


def test_single_loud_samples_are_no_clipping(look, record, tone, codes):
    loud = tone()
    loud[::50] = 1.0
    quiet = tone() * 1e-6
    found = look(train=[record(loud), record(quiet)])
    assert ("PD036", 1) not in codes(found)
    assert ("PD043", 2) in codes(found)
