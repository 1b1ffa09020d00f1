"""The cepstra are those of torchaudio, utterance by utterance."""

import pytest
import torch
import torchaudio

from phonograph.collections.asr.log_mel import Compression
from phonograph.collections.asr.mfcc import Mfcc, cosine_transform
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
