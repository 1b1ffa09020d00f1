"""SpecAugment hides what it may, where it may, and only in training."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections.asr.spec_augment import SpecAugment, random_spans


def test_evaluation_changes_nothing() -> None:
    features = torch.randn(2, 8, 20)
    assert SpecAugment().eval()(features, torch.tensor([20, 9])) is features


def test_one_seed_gives_one_result() -> None:
    augment, features, lengths = SpecAugment(), torch.randn(2, 80, 200), torch.tensor([200, 90])
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(augment(features, lengths))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


@settings(deadline=None)
@given(
    st.integers(0, 3), st.integers(0, 30), st.integers(0, 4), st.floats(0, 1), st.integers(1, 50)
)
def test_no_more_is_hidden_than_was_asked(bands, band_width, stretches, share, shortest) -> None:
    augment = SpecAugment(
        freq_masks=bands, freq_width=band_width, time_masks=stretches, time_width=share
    )
    lengths = torch.tensor([shortest, 60])
    features = torch.randn(2, 20, 60)
    out = augment(features, lengths)
    for row, length in enumerate(lengths.tolist()):
        changed = (out[row] != features[row])[:, :length]
        assert torch.equal(out[row, :, length:], features[row, :, length:])
        whole_bands = changed.all(1)
        whole_frames = changed.all(0)
        assert not (changed & ~whole_bands.unsqueeze(1) & ~whole_frames).any()
        if not whole_frames.all():
            assert int(whole_bands.sum()) <= bands * min(band_width, 20)
        if not whole_bands.all():
            assert int(whole_frames.sum()) <= stretches * int(length * share)


def test_hidden_values_are_the_mean_of_the_valid_frames() -> None:
    features = torch.randn(1, 4, 30)
    features[:, :, 20:] = float("nan")
    augment = SpecAugment(freq_masks=0, time_masks=40, time_width=0.5)
    out = augment(features, torch.tensor([20]))[0, :, :20]
    hidden = (out != features[0, :, :20]).all(0)
    assert hidden.any()
    mean = features[0, :, :20].mean(1, keepdim=True).expand(4, 20)
    torch.testing.assert_close(out[:, hidden], mean[:, hidden])


def test_a_limit_in_frames_holds() -> None:
    augment = SpecAugment(freq_masks=0, time_masks=1, time_width=1.0, time_limit=3)
    features = torch.randn(50, 4, 100)
    hidden = (augment(features, torch.full((50,), 100)) != features).all(1).sum(1)
    assert set(hidden.tolist()) == {0, 1, 2, 3}


def test_spans_are_as_wide_on_average_as_uniform_draws_are() -> None:
    spans = random_spans(torch.full((4000,), 50), torch.full((4000,), 10), count=1, size=50)
    widths = spans.sum(1)
    assert int(widths.max()) == 10
    assert float(widths.float().mean()) == pytest.approx(5.0, abs=0.2)
    assert spans.float().mean(0).min() > 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^`time_width` must be from 0 to 1, not 1.5$"):
        SpecAugment(time_width=1.5)
    for name in ("freq_masks", "freq_width", "time_masks", "time_limit"):
        with pytest.raises(ValueError, match=rf"^`{name}` must be at least 0, not -1$"):
            SpecAugment(**{name: -1})
