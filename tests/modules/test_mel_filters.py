"""Mel filters equal the usual ones and cover the asked bands."""

import re

import pytest
import torch
import torchaudio
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.mel_filters import MelFilters, hertz_to_mel, mel_to_hertz


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("norm", ["slaney", "none"])
@pytest.mark.parametrize(("rate", "f_min", "f_max"), [(16000, 0.0, 8000.0), (22050, 20.0, 7600.0)])
def test_exact_filters_equal_those_of_torchaudio(scale, norm, rate, f_min, f_max) -> None:
    filters = MelFilters(n_fft=1024, f_min=f_min, f_max=f_max, scale=scale, norm=norm)
    theirs = torchaudio.functional.melscale_fbanks(
        513, f_min, f_max, 80, rate, norm=None if norm == "none" else norm, mel_scale=scale
    )
    torch.testing.assert_close(filters.bank(rate, n_mels=80, window=400), theirs, atol=2e-5, rtol=0)


@given(st.sampled_from([8000, 16000, 22050, 48000]), st.integers(1, 128), st.booleans())
def test_by_default_every_band_hears_something(rate, n_mels, htk) -> None:
    filters = MelFilters(scale="htk" if htk else "slaney")
    bank = filters.bank(rate, n_mels=n_mels, window=rate // 40)
    assert bank.shape[1] == n_mels
    assert (bank.amax(0) > 0).all()
    n_fft = 2 * (bank.shape[0] - 1)
    assert n_fft >= rate // 40
    assert n_fft & (n_fft - 1) == 0


@given(st.integers(1, 128))
def test_no_band_of_whole_bins_is_empty(n_mels) -> None:
    bank = MelFilters(n_fft=400, edges="bins").bank(16000, n_mels=n_mels, window=400)
    assert (bank.amax(0) > 0).all()


def test_corners_rounded_to_bins_as_in_a_published_front_end() -> None:
    # First bin, peak bin, last bin and 2/peak of some filters that a pretrained model carries.
    golden = {
        0: (2, 2, 2, 72.26267),
        1: (2, 2, 2, 72.26267),
        21: (21, 21, 21, 72.26263),
        40: (42, 42, 43, 127.61584),
        65: (105, 108, 112, 323.9414),
        79: (177, 183, 189, 545.7827),
    }
    filters = MelFilters(n_fft=400, f_min=40.0, f_max=7600.0, edges="bins")
    bank = filters.bank(16000, n_mels=80, window=400)
    for band, (first, peak, last, width) in golden.items():
        heard = bank[:, band].nonzero().flatten()
        assert (int(heard[0]), int(bank[:, band].argmax()), int(heard[-1])) == (first, peak, last)
        assert float(2 / bank[:, band].max()) == pytest.approx(width, rel=1e-5)


@given(st.floats(0, 24000), st.sampled_from(["slaney", "htk"]))
def test_mels_turn_back_into_the_same_frequency(hertz, scale) -> None:
    tensor = torch.tensor([hertz], dtype=torch.float64)
    back = mel_to_hertz(hertz_to_mel(tensor, scale), scale)
    torch.testing.assert_close(back, tensor, atol=1e-6, rtol=1e-9)


def test_copies_give_the_same_bands_again() -> None:
    once = MelFilters(n_fft=512).bank(16000, n_mels=5, window=400)
    twice = MelFilters(n_fft=512, copies=2).bank(16000, n_mels=10, window=400)
    assert torch.equal(twice, torch.cat([once, once], 1))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"copies": 0}, "`copies` must be 1 to 64, not 0"),
        ({"copies": 3}, "`copies`: 80 bands are not 3 times the same"),
        ({"n_fft": 1}, "`n_fft` must be 2 to 65536, not 1"),
        ({"n_fft": 65537}, "`n_fft` must be 2 to 65536, not 65537"),
        ({"n_fft": 256}, "`n_fft` must hold a window of 400 samples, not 256"),
        ({"f_min": -1.0}, "`f_min` must be at least 0 Hz, not -1.0"),
        ({"f_min": 50.0, "f_max": 40.0}, "`f_max` must be above `f_min`, 50.0 Hz, not 40.0"),
        ({"f_max": 7600.0}, "`f_max` must be at most half the sample rate, 4000.0 Hz, not 7600.0"),
        ({"f_min": 5000.0}, "`f_min` must be below half the sample rate, 4000.0 Hz, not 5000.0"),
    ],
)
def test_what_cannot_be_is_refused(given, told) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        MelFilters(**given).bank(8000, n_mels=80, window=400)
