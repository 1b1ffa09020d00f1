"""The cepstra are those of torchaudio, utterance by utterance."""

import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st

from phonograph.collections.asr.log_mel import Compression
from phonograph.collections.asr.mfcc import Mfcc, cosine_transform
from phonograph.modules.feature_scale import FixedScale
from phonograph.modules.framing import Framing
from phonograph.modules.mel_filters import MelFilters


@pytest.mark.parametrize(("coefficients", "bands"), [(64, 64), (13, 40)])
def test_they_are_those_of_torchaudio(coefficients, bands):
    theirs = torchaudio.transforms.MFCC(
        16000,
        coefficients,
        log_mels=True,
        melkwargs={"n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": bands},
    )
    filters = MelFilters(n_fft=512, scale="htk", norm="none")
    ours = Mfcc(16000, n_mfcc=coefficients, n_mels=bands, filters=filters)
    lengths = torch.tensor([16000, 9873])
    audio = torch.randn(2, 16000) / 10
    found, frames = ours(audio, lengths)
    assert frames.tolist() == [101, 62]
    for row, (samples, count) in enumerate(zip(lengths, frames, strict=True)):
        expected = theirs(audio[row, :samples])
        torch.testing.assert_close(found[row, :, :count], expected, atol=1e-4, rtol=1e-4)
        assert not found[row, :, count:].any()


@settings(deadline=None)
@given(
    rate=st.sampled_from([8000, 16000, 22050]),
    window=st.integers(100, 512),
    hop=st.integers(40, 300),
    bands=st.integers(2, 60),
    share=st.floats(0, 1),
    samples=st.lists(st.integers(600, 4000), min_size=1, max_size=3),
    scale=st.sampled_from(["htk", "slaney"]),
    symmetric=st.booleans(),
)
def test_any_settings_give_those_of_torchaudio(
    rate, window, hop, bands, share, samples, scale, symmetric
):
    coefficients = 1 + round(share * (bands - 1))
    theirs = torchaudio.transforms.MFCC(
        rate,
        coefficients,
        log_mels=True,
        melkwargs={
            "n_fft": 512,
            "win_length": window,
            "hop_length": hop,
            "n_mels": bands,
            "mel_scale": scale,
            "window_fn": torch.hamming_window if symmetric else torch.hann_window,
            "wkwargs": {"periodic": not symmetric},
        },
    )
    ours = Mfcc(
        rate,
        n_mfcc=coefficients,
        n_mels=bands,
        window=window / rate,
        hop=hop / rate,
        framing=Framing(
            shape="hamming" if symmetric else "hann", periodic=not symmetric, padding="reflect"
        ),
        filters=MelFilters(n_fft=512, scale=scale, norm="none"),
    )
    audio, lengths = torch.randn(len(samples), max(samples)) / 10, torch.tensor(samples)
    found, frames = ours(audio, lengths)
    for row, (length, count) in enumerate(zip(samples, frames.tolist(), strict=True)):
        expected = theirs(audio[row, :length])
        assert count == expected.shape[1]
        torch.testing.assert_close(found[row, :, :count], expected, atol=1e-3, rtol=1e-4)


def test_coefficients_are_normalised_over_valid_frames_alone():
    audio, lengths = torch.randn(2, 16000) / 10, torch.tensor([16000, 7000])
    audio[1, 7000:] = 5.0
    features, frames = Mfcc(16000, n_mfcc=13, normalize="per_feature")(audio, lengths)
    for row, count in enumerate(frames.tolist()):
        valid = features[row, :, :count]
        torch.testing.assert_close(valid.mean(1), torch.zeros(13), atol=1e-5, rtol=0)
        torch.testing.assert_close(valid.std(1), torch.ones(13), atol=1e-3, rtol=0)
        assert not features[row, :, count:].any()


def test_fixed_statistics_are_taken_off_each_coefficient():
    audio, lengths = torch.randn(1, 8000) / 10, torch.tensor([8000])
    fixed = FixedScale(tuple(range(13)), tuple(range(1, 14)))
    plain = Mfcc(16000, n_mfcc=13)(audio, lengths)[0]
    scaled = Mfcc(16000, n_mfcc=13, normalize=fixed)(audio, lengths)[0]
    mean, deviation = fixed.tensors()
    torch.testing.assert_close(scaled, (plain - mean) / deviation)


def test_statistics_of_another_number_of_coefficients_are_refused():
    told = r"^`normalize.mean` must have a number for each of 13 coefficients, not 1$"
    with pytest.raises(ValueError, match=told):
        Mfcc(16000, n_mfcc=13, normalize=FixedScale((0.0,), (1.0,)))


def test_the_transform_is_orthonormal():
    transform = cosine_transform(40, 40)
    torch.testing.assert_close(transform @ transform.T, torch.eye(40))
    torch.testing.assert_close(cosine_transform(13, 40), transform[:13])


def test_settings_reach_the_mel_bands():
    audio, lengths = torch.randn(1, 4000), torch.tensor([4000])
    plain = Mfcc(8000, n_mfcc=5, n_mels=20)(audio, lengths)[0]
    whole = Mfcc(8000, n_mfcc=5, n_mels=20, framing=Framing(frames="whole"))(audio, lengths)
    louder = Mfcc(8000, n_mfcc=5, n_mels=20, compression=Compression(power=1.0))
    assert plain.shape[2] == whole[0].shape[2] + 1
    assert not torch.allclose(louder(audio, lengths)[0], plain)


def test_more_coefficients_than_bands_are_refused():
    told = r"^`n_mfcc` must be 1 to 20, the mel bands, not 21$"
    with pytest.raises(ValueError, match=told):
        Mfcc(16000, n_mfcc=21, n_mels=20)
